"""When the interpreter looks through what it holds, and through how much."""

import gc
from collections.abc import Iterator

import pytest

from relay.garbage import search, undisturbed


class Circle:
    """Refers to itself; `left` counts those that are."""

    left = 0

    def __init__(self) -> None:
        self.itself = self
        Circle.left += 1

    def __del__(self) -> None:
        Circle.left -= 1


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.collect()
    Circle.left = 0
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()
    gc.collect()


def test_what_is_built_undisturbed_is_set_aside() -> None:
    before = gc.get_freeze_count()
    with undisturbed():
        assert not gc.isenabled()
        kept = [[n] for n in range(1_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + 1_000
    assert kept


def test_it_is_searched_again_when_that_failed() -> None:
    with pytest.raises(OSError, match="full"), undisturbed():
        raise OSError("full")
    assert gc.isenabled()


def test_the_old_are_not_searched_by_themselves() -> None:
    with undisturbed():
        pass
    searches = gc.get_stats()[2]["collections"]
    kept = [[n] for n in range(400_000)]
    assert gc.get_stats()[2]["collections"] == searches
    assert kept


def test_a_search_finds_what_has_become_old_since() -> None:
    Circle()
    gc.collect(0)
    gc.collect(1)  # it is old now, or gone
    circle = Circle()
    gc.collect(1)
    del circle
    search()
    assert Circle.left == 0


def test_what_lived_at_a_search_is_looked_at_when_all_is() -> None:
    circle = Circle()
    search()
    del circle
    search()
    assert Circle.left == 1
    search(everywhere=True)
    assert Circle.left == 0
