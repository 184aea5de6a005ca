"""The judges themselves: each invariant that is broken is seen, and a tap finds each place."""

import os
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from relay.encoder.stamp import Stamper
from tests.faults import invariants
from tests.faults.invariants import Footprint
from tests.faults.ledger import Ledger
from tests.faults.legs import D
from tests.faults.tap import PARTS, Aim, Part, Tap
from tests.faults.witness import Listed, Rendition, Witness

FIRST = 3_740_000_000
TRACK = "video-137000"
HEAD = b"POST /news.isml/Streams(main) HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def body(made: Stamper, cells: int) -> bytes:
    """A POST of so many cells as it goes over the wire, a chunk for each fragment."""
    sent = [made.fragment(one, FIRST + n) for n in range(cells) for one in made.tracks]
    return HEAD + chunk(made.header(made.tracks)) + b"".join(map(chunk, sent))


def run(made: Stamper) -> tuple[Ledger, Witness]:
    """Five cells by two legs, and all of them published."""
    ledger, tap = Ledger(D), Tap()
    witness = Witness("http://relay/news.isml")
    for at, fragment in enumerate(tap.feed(body(made, 5))):
        for leg in ("a", "b"):
            ledger.note(leg, fragment, float(at))
        track = witness.tracks.setdefault(fragment.track, Rendition("url"))
        index = ledger.sent[-1].index
        track.listed[index] = Listed(index, "0.48,", "", gap=False, broken=False)
        sent = next(one for one in made.tracks if one.key.url_name == fragment.track)
        track.bodies[index] = made.fragment(sent, index)
    return ledger, witness


def test_a_run_without_a_fault_is_without_complaint(made: Stamper) -> None:
    ledger, witness = run(made)
    assert set(witness.tracks[TRACK].listed) == set(range(FIRST, FIRST + 5))
    assert invariants.published(ledger, witness) == []
    assert invariants.edges(ledger, witness) == []


def _lost(track: Rendition) -> None:
    track.listed[FIRST + 2] = replace(track.listed[FIRST + 2], gap=True)
    del track.bodies[FIRST + 2]


def _twice(track: Rendition) -> None:
    track.bodies[FIRST + 2] += track.bodies[FIRST + 3]


def _out_of_order(track: Rendition) -> None:
    track.bodies[FIRST + 3] = track.bodies[FIRST + 1]


def _number_missing(track: Rendition) -> None:
    del track.listed[FIRST + 2], track.bodies[FIRST + 2]


def _mixed(track: Rendition) -> None:
    body = track.bodies[FIRST + 2]
    track.bodies[FIRST + 2] = body[:-10] + bytes(10)


def _broken(track: Rendition) -> None:
    track.listed[FIRST + 2] = replace(track.listed[FIRST + 2], broken=True)


def _invented(track: Rendition) -> None:
    track.listed[FIRST + 5] = replace(track.listed[FIRST + 4], index=FIRST + 5)
    track.bodies[FIRST + 5] = track.bodies[FIRST + 4]


@pytest.mark.parametrize(
    ("does", "tells"),
    [
        (_lost, "I1"),
        (_twice, "I2"),
        (_out_of_order, "I3"),
        (_number_missing, "I4"),
        (_mixed, "I5: not what"),
        (_invented, "I5: published, and nobody"),
        (_broken, "I7"),
    ],
)
def test_what_is_wrong_is_told(
    made: Stamper, does: Callable[[Rendition], None], tells: str
) -> None:
    ledger, witness = run(made)
    does(witness.tracks[TRACK])
    assert any(tells in sentence for sentence in invariants.published(ledger, witness))


def test_a_track_that_is_behind_is_told(made: Stamper) -> None:
    ledger, witness = run(made)
    for index in range(FIRST + 3, FIRST + 5):
        del witness.tracks[TRACK].listed[index]
    (told,) = invariants.edges(ledger, witness)
    assert f"{TRACK} ends at {FIRST + 2}" in told


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "Task exception was never retrieved",
        "Task was destroyed but it is pending!",
        '{"event": "x", "level": "error"}',
        '{"event": "refused", "status": 503, "code": "INGEST_STORE", "level": "warning"}',
    ],
)
def test_a_log_that_tells_of_a_fault_is_not_quiet(line: str) -> None:
    assert invariants.quiet(f"{line}\n") != []
    assert invariants.quiet('{"event": "refused", "status": 412, "level": "warning"}') == []


def test_a_leak_is_told() -> None:
    before = Footprint.of(os.getpid())
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(invariants.DESCRIPTORS + 1)]
    after = Footprint.of(os.getpid())
    for file in files:
        os.close(file)
    assert "open files" in before.leaks(after)[0]
    assert before.leaks(replace(before, tasks=invariants.TASKS + 1)) == ["I10: 0 tasks became 3"]
    assert "MB became" in before.leaks(replace(before, memory=before.memory * 9))[0]
    assert before.leaks(before) == []


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_tap_finds_the_place_however_the_bytes_come(made: Stamper, part: Part, seed: int) -> None:
    rng = random.Random(seed)
    wire = body(made, 4)
    tap = Tap(Aim(part, nth=4, share=rng.random()))
    at, found = 0, 0
    while at < len(wire):
        piece = wire[at : at + rng.choice((1, 7, 300, 20_000))]
        room = tap.room(piece)
        found += len(tap.feed(piece if room is None else piece[:room]))
        at += len(piece) if room is None else room
        if room is not None:
            break
    before, after = wire[:at], wire[at:]
    if part == "header":
        assert found == 0
        assert b"moov" in before
        assert b"moof" not in before
        return
    assert found == 3 or part == "chunk-edge"
    match part:
        case "moof-size":
            assert after[1:5] == b"moof"
        case "seam":
            assert after[4:8] == b"mdat"
        case "moof":
            assert before.count(b"moof") == before.count(b"mdat") + 1
        case "mdat":
            assert before.count(b"moof") == before.count(b"mdat") == 4
        case "chunk-edge":
            assert before.endswith(b"\r\n")


def test_spans_of_numbers_are_short() -> None:
    assert invariants.spans([7, 3, 4, 5, 9]) == "3-5, 7, 9"
