"""Whatever comes in, only EncoderErrors come out, and soon."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.errors import EncoderError
from relay.media import SampleDefaults
from relay.mp4.codecs import describe
from relay.mp4.iso import Marks, parse_moov, restamp, separate
from relay.mp4.protection import common_entry
from relay.mp4.reader import Box, BoxReader
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml
from tests.mp4.recorded import BODIES, body, boxes, moov, pairs

SEEDS = [b"".join(one.data for one in boxes(name)[:5]) for name in BODIES]
MOOVS = sorted({moov(name) for name in BODIES})
PAIRS = [next(pairs(name)) for name in BODIES]
INTERESTING = [bytes(4), b"\xff" * 4, b"\0\0\0\1", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"moof"]
LONGEST = 0.5  # seconds of processor time; far above what is wanted, for slow machines


CHANGES = st.lists(
    st.tuples(st.integers(0, 3500), st.sampled_from(INTERESTING) | st.binary(max_size=4)),
    min_size=1,
    max_size=12,
)


def mutated(data: bytes, changes: list[tuple[int, bytes]], fixed: int = 0) -> bytes:
    """`data` with other bytes at some places; its first `fixed` bytes stay."""
    changed = bytearray(data)
    for place, value in changes:
        at = fixed + place % (len(data) - fixed)
        changed[at : at + len(value)] = value[: len(data) - at]
    return bytes(changed)


def header(data: bytes) -> None:
    with suppress(EncoderError):
        for movie in parse_moov(data):
            entry = describe(movie.sample_entry, movie.handler).sample_entry
            if entry:
                common_entry(entry)


def media(moof: bytes, mdat: bytes) -> None:
    with suppress(EncoderError):
        for track_id, track, parts in separate(moof, mdat, {}, {1: 0, 2: 0}):
            assert (track.track_id, track.samples.count >= 0) == (track_id, True)
            restamp(bytes(parts[0]), 1, 1)
            restamp(bytes(parts[0]), 1, 1, Marks(7, 1, 64, SampleDefaults(1, 1, 1)))


def swallow(data: bytes) -> None:
    """Do with a body what the relay does."""
    came: list[Box] = []
    with suppress(EncoderError):
        came = BoxReader().feed(data)
    moof: Box | None = None
    for one in came:
        if one.uuid == LIVE_SERVER_MANIFEST:
            with suppress(EncoderError):
                manifest_xml(one.payload)
        if one.type == "moov":
            header(one.data)
        if one.type == "mdat" and moof is not None:
            media(moof.data, one.data)
        moof = one if one.type == "moof" else None


@given(st.sampled_from(SEEDS), CHANGES, st.integers(0, 4000) | st.none())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mutated_captures(seed: bytes, changes: list[tuple[int, bytes]], cut: int | None) -> None:
    swallow(mutated(seed, changes)[:cut])


@given(st.sampled_from(MOOVS), CHANGES)
@settings(max_examples=500, deadline=None)
def test_mutated_headers(moov: bytes, changes: list[tuple[int, bytes]]) -> None:
    began = time.process_time()
    header(mutated(moov, changes, fixed=8))
    assert time.process_time() - began < LONGEST


@given(st.sampled_from(PAIRS), CHANGES)
@settings(max_examples=500, deadline=None)
def test_mutated_fragments(pair: tuple[bytes, bytes], changes: list[tuple[int, bytes]]) -> None:
    began = time.process_time()
    media(mutated(pair[0], changes, fixed=8), pair[1])
    assert time.process_time() - began < LONGEST


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_garbage(data: bytes) -> None:
    swallow(data)


@pytest.mark.parametrize("name", ["ff9-av/req001.body", "ff9-hevc/req001.body"])
def test_every_word_of_header_and_moof_in_turn(name: str) -> None:
    whole = bytes(body(name)[:3700])
    for at in range(0, len(whole), 4):
        for word in INTERESTING[:3]:
            swallow(whole[:at] + word + whole[at + 4 :])
