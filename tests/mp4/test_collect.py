"""Tracks put together: their numbers and times, and nothing else, are new."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import cmaf
from relay.errors import EncoderError
from relay.mp4 import collect
from relay.mp4.fragment import parse_moof
from relay.mp4.movie import parse_moov
from relay.mp4.walk import Budget, children
from tests.packagers.presentations import audio, payload, regular, stored, video

TRACKS = [video(), audio()]
INITS = [cmaf.init(track) for track in TRACKS]


def segment(number: int) -> bytes:
    one = regular(TRACKS[number], 100, 1)[0]
    return b"".join(bytes(p) for p in cmaf.segment(TRACKS[number], stored(one), 100, 0))


def test_the_header_has_every_track_under_its_number() -> None:
    made = collect.header(INITS)
    ftyp, moov = children(made, 0, len(made), Budget(10))
    assert (ftyp.type, moov.type, moov.end) == ("ftyp", "moov", len(made))
    tracks = parse_moov(made[moov.start :])
    assert [(track.track_id, track.timescale) for track in tracks] == [(1, 90_000), (2, 48_000)]
    assert [collect.timescale(init) for init in INITS] == [90_000, 48_000]
    mvhd = children(made, moov.body, moov.end, Budget(100))[0]
    assert made[mvhd.end - 4 : mvhd.end] == b"\0\0\0\3"


@pytest.mark.parametrize("number", [0, 1])
def test_a_fragment_is_moved_and_renumbered_and_keeps_its_samples(number: int) -> None:
    whole = segment(number)
    begins = collect.begins(whole)
    made = collect.fragments(b"\0\0\0\x0cemsg\0\0\0\0" + whole, 7, begins - 5)
    assert len(made) == len(whole)
    moof, mdat = children(made, 0, len(made), Budget(10))
    (traf,) = parse_moof(made[moof.start : moof.end]).tracks
    assert (traf.track_id, traf.tfdt) == (7, 5)
    assert made[mdat.body :] == payload(regular(TRACKS[number], 100, 1)[0])
    assert collect.begins(collect.fragments(whole, 1, begins + 9)) == 0


@given(st.binary(max_size=80), st.integers(0, 600), st.sampled_from([*INITS, segment(0)]))
def test_what_is_damaged_is_refused(junk: bytes, at: int, whole: bytes) -> None:
    data = whole[:at] + junk + whole[at + len(junk) :]
    for made in (
        lambda: collect.header([data]),
        lambda: collect.fragments(data, 1, 0),
        lambda: collect.begins(data),
        lambda: collect.timescale(data),
    ):
        try:
            made()
        except EncoderError:
            continue
