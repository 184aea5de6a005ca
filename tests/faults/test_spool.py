"""F29: what a kill, and a disk that has gone bad meanwhile, may leave behind (threat T43).

A member whose bytes are not what its name says is never served; what is sent again takes its place.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.e2e import boxes, served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.replay import CAPTURES, Capture, replay
from tests.faults import invariants

pytestmark = [pytest.mark.e2e, pytest.mark.fault("F29")]

TRACK = "video-200000"


def _flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _zeroed(data: bytes) -> bytes:
    return data[:1000] + bytes(4096) + data[5096:]


def _cut(data: bytes) -> bytes:
    return data[:-100]


def _samples(answer: served.Answer) -> int:
    """How many samples a segment holds; a hole that is fetched holds none."""
    return answer.status == 200 and boxes.fragments(answer.body)[0].samples


def _served(url: str, indexes: Iterable[int]) -> dict[int, bytes]:
    answers = {index: served.get(f"{url}/{index}.m4s") for index in indexes}
    return {index: answer.body for index, answer in answers.items() if answer.status == 200}


@pytest.mark.parametrize(
    ("damage", "which"), [(_flipped, -1), (_zeroed, 2), (_cut, 2)], ids=["bit", "4 KiB", "end"]
)
@pytest.mark.threat("T43")
def test_a_stored_fragment_that_was_damaged_is_never_served(
    tmp_path: Path, damage: Callable[[bytes], bytes], which: int
) -> None:
    capture = Capture.load(CAPTURES / "ff9-av")
    settings = {"fragment_duration": "2", "dvr_window": 600}
    with RelayProcess(tmp_path, {"news": settings}) as relay:
        assert asyncio.run(replay(capture, relay.port, "news", random.Random(1))) == [200]
        point = f"{relay.url}/news.isml"
        served.settled([f"{point}/master.m3u8"], 0.5, 30)
        before = served.channel(relay.url, "news")
        relay.kill()
        index = sorted(before[TRACK].segments)[which]
        media = boxes.find(before[TRACK].segments[index], "mdat")[0]
        sample = before[TRACK].segments[index][media.body : media.end]
        (stored,) = [
            path
            for path in (tmp_path / "store" / "news" / TRACK).iterdir()
            if path.suffix != ".tmp" and sample in path.read_bytes()
        ]
        stored.write_bytes(damage(stored.read_bytes()))
        relay.start()
        answer = served.get(f"{point}/{TRACK}/{index}.m4s")
        assert answer.status != 200 or sample not in answer.body
        assert not _samples(answer)
        rest = {at: body for at, body in before[TRACK].segments.items() if at != index}
        # What was there is served again, behind a hole when its patience is over.
        deadline = time.monotonic() + 30
        while (listed := _served(f"{point}/{TRACK}", rest)) != rest:
            assert time.monotonic() < deadline, f"{listed.keys()} of {rest.keys()}"
            time.sleep(0.2)
        assert asyncio.run(replay(capture, relay.port, "news", random.Random(2))) == [200]
        answer = served.get(f"{point}/{TRACK}/{index}.m4s")
        assert answer.body == before[TRACK].segments[index] or not _samples(answer)
        assert invariants.quiet(relay.text()) == []
