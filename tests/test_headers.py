"""Which configuration of a track counts, and who may change it."""

from dataclasses import replace

import pytest

from relay.arrival import Sender
from relay.errors import HeaderDiffers, LimitReached
from relay.headers import MOST_CHANGES, MOST_TRACKS, Change, Headers
from relay.media import Header, Kind, Pin
from tests.pieces import AUDIO, VIDEO, header, track

A = Sender("a", "main")
B = Sender("b", "main")
QUIET = 6_000
NOW = 1 << 41
OTHER = replace(VIDEO, sample_entry=b"another", codecs="y", width=1280)
NEW = header(OTHER, AUDIO, data=b"new")


def begun() -> Headers:
    """Both encoders push video and audio."""
    headers = Headers("news")
    assert headers.told(A, header(VIDEO, AUDIO), 0, QUIET) == [Pin("header/main", b"header")]
    assert headers.told(B, header(VIDEO, AUDIO), 0, QUIET) == []
    for sender in (A, B):
        headers.saw(sender, VIDEO.name, 1_000)
    return headers


def changed(headers: Headers, sender: Sender, start: int = 7, to: Header = NEW) -> Pin:
    pin = headers.change(sender, start)
    assert pin is not None
    assert headers.pinned_change(Change.read(pin), to)
    return pin


def test_another_configuration_is_refused_while_someone_shows_the_known_one() -> None:
    headers = begun()
    headers.left(A)
    with pytest.raises(HeaderDiffers, match="b still sends it as it was") as refused:
        headers.told(A, NEW, 2_000, QUIET)
    assert "codecs x became y, width 0 became 1280" in refused.value.message
    assert headers.changing(A, NOW) == []
    assert headers.tracks[VIDEO.name] == VIDEO


def test_a_source_that_sends_a_post_for_each_fragment_still_shows_it() -> None:
    headers = begun()
    headers.left(A)
    headers.left(B)
    with pytest.raises(HeaderDiffers):
        headers.told(A, NEW, 1_000 + QUIET - 1, QUIET)
    assert headers.told(A, NEW, 1_000 + QUIET, QUIET) == []
    assert headers.changing(A, NOW) == [VIDEO.name]


def test_the_only_source_may_come_back_with_other_settings() -> None:
    headers = Headers("news")
    headers.told(A, header(VIDEO, AUDIO), 0, QUIET)
    headers.saw(A, VIDEO.name, 1_000)
    assert headers.told(A, NEW, 1_100, QUIET) == []
    pin = changed(headers, A)
    assert Change.read(pin) == Change(1, 7, "main", b"new")
    assert headers.tracks[VIDEO.name] == OTHER
    assert headers.streams["main"] == NEW
    assert headers.changing(A, NOW) == []


def test_the_other_source_follows_without_another_change() -> None:
    headers = begun()
    headers.left(B)
    headers.told(A, NEW, 20_000, QUIET)
    changed(headers, A)
    assert headers.told(B, NEW, 20_001, QUIET) == []
    assert headers.changing(B, NOW) == []
    with pytest.raises(HeaderDiffers, match="a still sends it as it was"):
        headers.told(B, header(VIDEO, AUDIO), 20_002, QUIET)


def test_a_change_is_asked_for_once_and_again_when_another_was_first() -> None:
    headers = begun()
    headers.left(B)
    headers.told(A, NEW, 20_000, QUIET)
    assert headers.change(A, 7) is not None
    assert headers.change(A, 8) is None
    third = replace(VIDEO, codecs="z")
    assert headers.pinned_change(Change(1, 7, "main", b"third"), header(third))
    assert headers.changing(A, NOW) == [VIDEO.name]
    pin = headers.change(A, 9)
    assert pin is not None
    assert pin.name == "change/2"


@pytest.mark.parametrize("changes", [{"timescale": 90_000}, {"handler": "soun"}, {"parent": "x"}])
def test_what_a_change_may_not_touch(changes: dict[str, object]) -> None:
    headers = Headers("news")
    headers.told(A, header(VIDEO), 0, QUIET)
    headers.left(A)
    with pytest.raises(HeaderDiffers, match=next(iter(changes))):
        headers.told(A, header(replace(VIDEO, **changes)), 1 << 40, QUIET)  # type: ignore[arg-type]


def test_a_stream_whose_header_is_outdated_is_pinned_anew() -> None:
    headers = Headers("news")
    second = Sender("a", "second")
    headers.told(A, header(VIDEO, AUDIO), 0, QUIET)
    headers.told(second, header(VIDEO, data=b"second"), 0, QUIET)
    headers.told(A, NEW, 0, QUIET)
    changed(headers, A)
    (pin,) = headers.told(second, header(OTHER, data=b"second, new"), 1, QUIET)
    assert pin.name.startswith("header/second/")
    assert headers.streams["second"].data == b"second, new"


def test_a_change_replayed_twice_counts_once() -> None:
    headers = begun()
    change = Change(1, 7, "main", b"new")
    assert headers.pinned_change(change, NEW)
    assert not headers.pinned_change(change, NEW)
    assert Change.read(change.pin()) == change


def test_changes_and_tracks_are_bounded() -> None:
    headers = Headers("news")
    headers.told(A, header(VIDEO), 0, QUIET)
    for number in range(1, MOST_CHANGES + 1):
        other = replace(VIDEO, codecs=f"x{number}")
        headers.pinned_change(Change(number, number, "main", b""), header(other))
    with pytest.raises(LimitReached, match="changed 256 times"):
        headers.told(A, header(replace(VIDEO, codecs="more")), 0, QUIET)
    many = header(*(track(f"t{number}", Kind.TEXT) for number in range(MOST_TRACKS)))
    with pytest.raises(LimitReached, match="128 tracks"):
        headers.told(Sender("a", "many"), many, 0, QUIET)
