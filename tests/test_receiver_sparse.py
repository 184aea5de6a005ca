"""Sparse tracks through the door: short POSTs beside the streams that they go with."""

import pytest

from relay.media import Verdict
from tests.door import PATH, header, opened, shown, verdicts, video
from tests.ingest.pushes import as_text, manifest, part, said
from tests.mp4.recorded import box, moof, tfhd, tfxd, traf, trun

CUES = "/news.isml/Streams(cues)"
NAME = "cues-0"
TICKS = 10_000_000


def cues_header(parent: str = "video") -> bytes:
    """A header with nothing but a sparse track."""
    declared = manifest(
        said("textstream", 2, trackName="cues", parentTrackName=parent, manifestOutput="true")
    )
    moov = as_text(part("moov").data, b"meta")
    return part("ftyp").data + declared.data + moov.data


def cue(seconds: int, payload: bytes = b"\xfc0-opaque") -> bytes:
    run = trun(0x300, 1, 0, len(payload))
    made = moof(traf(tfhd(2), tfxd(seconds * TICKS, 0), run))
    return made + box("mdat", payload)


@pytest.mark.requirement("SPARSE-1a", "SPARSE-4a")
async def test_a_header_alone_registers_a_sparse_track() -> None:
    async with opened() as door:
        assert (await door.put(CUES, cues_header())).status == 200
        rendition = door.channel.presentation.rendition(NAME)
        assert rendition is not None
        assert rendition.track.parent == "video"


@pytest.mark.requirement("SPARSE-4d", "SPARSE-4e", "SPARSE-4f", "SPARSE-4h")
async def test_an_event_is_seen_when_its_parent_gets_there_and_its_payload_is_untouched() -> None:
    async with opened() as door:
        assert (await door.push(PATH, header() + video(0) + video(1))).status == 200
        assert (await door.put(CUES, cues_header() + cue(6, b"\x00any <bytes>\xff"))).status == 200
        channel = door.channel
        await shown(channel, [0, 1])
        assert not channel.presentation.events.get(NAME)
        assert (await door.push(PATH, header() + video(2))).status == 200
        await shown(channel, [0, 1, 2])
        assert not channel.presentation.events.get(NAME)
        assert (await door.push(PATH, header() + video(3))).status == 200
        await shown(channel, [0, 1, 2, 3])
        (event,) = channel.presentation.events[NAME]
        assert (event.time, event.index, event.sample_count) == (6 * TICKS, 3, 1)
        data = await channel.store.get(NAME, 0, 3, event.time)
        assert data is not None
        assert data.endswith(b"mdat\x00any <bytes>\xff")


@pytest.mark.requirement("SPARSE-6a", "ENC-6d")
async def test_two_encoders_events_are_one_and_several_share_a_cell() -> None:
    async with opened() as door:
        await door.push(PATH, header() + b"".join(map(video, range(3))))
        for source in "ab":
            path = f"{CUES}?source={source}"
            assert (await door.put(path, cues_header() + cue(2) + cue(3))).status == 200
        await shown(door.channel, [0, 1, 2])
        events = door.channel.presentation.events[NAME]
        assert [(event.index, event.time // TICKS) for event in events] == [(1, 2), (1, 3)]
        assert verdicts(door.channel, NAME) == {
            "a": {Verdict.ACCEPTED: 2},
            "b": {Verdict.DUPLICATE: 2},
        }


async def test_an_old_event_sent_again_ends_nobodys_stream() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=a", header() + b"".join(map(video, range(20))))
        await shown(door.channel, range(20))
        answer = await door.put(f"{CUES}?source=a", cues_header() + cue(1))
        assert answer.status == 200
        assert (await door.push(f"{PATH}?source=a", header() + video(20))).status == 200
        await shown(door.channel, range(21))
