"""Sparse tracks at the door: mostly without a POST, and with any payload."""

import pytest

from relay.media import Kind
from tests.door import Door, opened, request
from tests.mp4.recorded import box
from tests.server.wire import chunk, connected, eventually
from tests.streams import Said, Stream

PATH = "/news.isml/Streams(cues)"
VIDEO = Said(Kind.VIDEO, "video", 300_000)
CUES = Said(
    Kind.TEXT,
    "cues",
    0,
    more=(
        ("parentTrackName", "video"),
        ("manifestOutput", "true"),
        ("Subtype", "DATA"),
        ("Scheme", "urn:scte:scte35:2013:bin"),
    ),
)
TRACK = "cues-0"
SECOND = CUES.scale
PAYLOADS = {
    "XML": b'<?xml version="1.0"?><a xmlns="urn:x">\xc3\xa9</a>',
    "text": b"line\r\nline\0",
    "binary": bytes(range(256)),
    "SCTE-35": bytes.fromhex("fc302000000000000000fff00f05000004027fffffe0000000000000"),
    "a box": b"\0\0\0\x08mdat\0\0\0\x08moof",
}


async def on_air(door: Door) -> Stream:
    """The video has begun; the stream of cues is about to."""
    video = Stream([VIDEO])
    assert (await door.push("/news.isml/Streams(v)", video.header() + video.cell(0))).status == 200
    assert await eventually(lambda: door.channel.numbered)
    return Stream([CUES])


async def kept(door: Door, time: int) -> bytes:
    """What the store has of an event at `time`, in ticks, once its sender was answered."""
    stored = await door.channel.store.get(TRACK, 0, time // (2 * SECOND), time)
    assert stored is not None
    return stored


@pytest.mark.fault("F41")
@pytest.mark.requirement("SPARSE-4c", "SPARSE-4e", "SPARSE-5a", "SPARSE-6a", "SVC-6b")
async def test_each_event_may_have_a_connection_of_its_own() -> None:
    """Header and one new fragment; nothing is sent again, and nothing is open in between."""
    async with opened() as door:
        stream = await on_air(door)
        for at in (6, 100, 101):
            event = stream.event(CUES, at * SECOND, b"event %d" % at)
            assert (await door.push(PATH, stream.header() + event)).status == 200
            assert door.receiver.counts() == {"posts": 0, "rejected": {}}
        for at in (6, 100, 101):
            assert (await kept(door, at * SECOND)).endswith(b"event %d" % at)


@pytest.mark.requirement("SPARSE-4h")
@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_payload_is_kept_byte_for_byte_whatever_it_is(name: str) -> None:
    async with opened() as door:
        stream = await on_air(door)
        event = stream.event(CUES, 8 * SECOND, PAYLOADS[name], duration=SECOND)
        assert (await door.push(PATH, stream.header() + event)).status == 200
        stored = await kept(door, 8 * SECOND)
        assert stored.endswith(box("mdat", PAYLOADS[name]))
        assert door.rejected == {}


@pytest.mark.requirement("SPARSE-4g")
async def test_an_event_is_kept_by_its_arrival_and_says_itself_what_it_is_about() -> None:
    """Version, id, and 10 s until what it announces: these are the payload's own affair."""
    async with opened() as door:
        stream = await on_air(door)
        payload = (1).to_bytes(4, "big") + (7).to_bytes(4, "big") + (10 * SECOND).to_bytes(4, "big")
        event = stream.event(CUES, 8 * SECOND, payload + b"\xfc0", duration=30 * SECOND)
        assert (await door.push(PATH, stream.header() + event)).status == 200
        assert (await kept(door, 8 * SECOND)).endswith(box("mdat", payload + b"\xfc0"))
        assert await door.channel.store.get(TRACK, 0, 9, 18 * SECOND) is None


@pytest.mark.requirement("SPARSE-4b")
async def test_a_post_that_is_cut_off_is_not_the_end_of_its_track() -> None:
    async with opened() as door:
        stream = await on_air(door)
        async with connected(door.address) as client:
            first = stream.event(CUES, 6 * SECOND, b"first", duration=SECOND)
            await client.send(request(PATH) + chunk(stream.header()) + chunk(first))
            assert await eventually(lambda: door.receiver.counts()["posts"] == 1)
        assert await eventually(lambda: door.receiver.counts()["posts"] == 0)
        assert (await kept(door, 6 * SECOND)).endswith(b"first")
        second = stream.event(CUES, 20 * SECOND, b"second")
        assert (await door.push(PATH, stream.header() + second)).status == 200
        assert (await kept(door, 20 * SECOND)).endswith(b"second")
