"""The difference between a relay's own store and the shared one."""

from relay.media import Copy, Gap, Pin
from relay.store.jetstream.ledger import Ledger
from tests.cluster.nodes import TRACK, copy, gap


def test_what_is_heard_is_no_longer_apart() -> None:
    ledger = Ledger()
    ledger.keep(copy(1, b"1"))
    ledger.keep(gap(2))
    assert ledger.heard(copy(1, b"other", "b"), 7) == copy(1, b"1")
    assert ledger.heard(copy(1, b"other", "b"), 7) is None
    assert list(ledger.apart.values()) == [gap(2)]


def test_a_trim_is_told_as_the_place_below_which_nothing_is_wanted() -> None:
    ledger = Ledger()
    for seq, index in enumerate((1, 2, 4, 3, 5), start=10):
        ledger.heard(copy(index, b"x"), seq)
    ledger.keep(copy(2, b"x"))
    assert ledger.trim(TRACK, 0, 1) is None
    assert ledger.trim(TRACK, 0, 4) == 12  # 4 is wanted, and 3 behind it has to wait
    assert not ledger.apart
    assert ledger.trim(TRACK, 0, 5) == 14
    assert ledger.trim(TRACK, 1, 9) is None
    assert ledger.trim("other", 0, 9) is None


def test_what_is_older_than_all_that_others_have_is_not_wanted() -> None:
    ledger = Ledger()
    assert ledger.wanted(copy(1, b"x"))
    ledger.heard(Copy(TRACK, 1, 9, 0, 1, 1, "a", 0, 0), 3)
    ledger.heard(Copy(TRACK, 1, 3, 0, 1, 1, "a", 0, 0, fill=True), 4)  # beside a gap of long ago
    assert not ledger.wanted(copy(9, b"x"))  # of run 0
    assert not ledger.wanted(Gap(TRACK, 1, 8, 0, 1, 0))
    assert ledger.wanted(Gap(TRACK, 1, 9, 0, 1, 0))
    assert ledger.wanted(copy(1, b"x", track="other"))
    assert ledger.wanted(Pin("grid", b"2"))
