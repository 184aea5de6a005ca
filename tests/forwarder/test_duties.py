"""What a receiver sees of the forwarder, request by request: the duties of an encoder."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

import pytest

from relay.channel import Rules
from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, spread
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.media import Fragment
from relay.mp4.fragment import parse_moof
from relay.mp4.reader import BoxReader
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, STREAM_MANIFEST
from tests import door
from tests.courier.misbehaving import served
from tests.door import Door
from tests.forwarder.inspector import Inspector, Request
from tests.mp4.recorded import box
from tests.server.wire import eventually

FIRST, COUNT = 932_000_000, 8
RULES = Rules(duration=Fraction(48, 25), patience=60_000, anchor="utc")
TRACKS = ["video-300000", "video-100000", "audio-64000"]


@asynccontextmanager
async def forwarding(*destinations: Destination) -> AsyncIterator[Door]:
    """A hub and its forwarder."""
    async with door.opened(rules=RULES) as hub:
        forwarder = Forwarder(hub.channel, destinations, None)
        forwarder.open()
        try:
            yield hub
        finally:
            await forwarder.close()


def to(address: tuple[str, int], name: str = "eu", **more: object) -> Destination:
    more = {"speed": 100, **more}
    return Destination(name, f"http://127.0.0.1:{address[1]}/live/news.isml", **more)  # type: ignore[arg-type]


def cells(stamper: Stamper, first: int, stop: int) -> bytes:
    """The fragments of all tracks, as one stream sends them."""
    return b"".join(
        stamper.fragment(sent, FIRST + n) for n in range(first, stop) for sent in stamper.tracks
    )


def with_more(header: bytes) -> bytes:
    """The header as old encoders send it, with a StreamManifestBox."""
    ftyp, *rest = (one.data for one in BoxReader().feed(header))
    return ftyp + box("uuid", STREAM_MANIFEST, bytes(4), b"<smil/>") + b"".join(rest)


def meaning(found: Fragment) -> tuple[object, ...]:
    media = b"".join(bytes(part) for part in found.data).partition(b"mdat")[2]
    sizes = found.time, found.offset, found.duration, found.sample_count, found.sync
    return (found.track, *sizes, media)


def check_request(request: Request, header: bytes) -> None:
    """One POST of media of the stream main."""
    assert request.line == "POST /live/news.isml/Streams(main) HTTP/1.1"
    assert request.chunked
    assert "content-length" not in request.fields
    assert request.body.startswith(header)
    names = [one.uuid if one.type == "uuid" else one.type for one in request.boxes()]
    assert names[:3] == ["ftyp", LIVE_SERVER_MANIFEST, "moov"]
    assert set(names[3::2]) == {"moof"}, "nothing but fragments"
    assert set(names[4::2]) == {"mdat"}
    for one in request.boxes():
        if one.type == "moof":
            assert all(track.tfxd is not None for track in parse_moof(one.data).tracks)
    for name in TRACKS:
        times = [found.time for found in request.fragments() if found.track.name == name]
        assert times == sorted(set(times))


def by_track(fragments: Sequence[Fragment]) -> dict[str, list[int]]:
    return {
        name: [found.time for found in fragments if found.track.name == name] for name in TRACKS
    }


@pytest.mark.requirement("FMT-1a", "FMT-1b", "FMT-2a", "FMT-3a", "FMT-5a", role="client")
@pytest.mark.requirement("FMT-6a", "FMT-7a", "FMT-8a", "FMT-8b", "HTTP-0", role="client")
@pytest.mark.requirement("HTTP-1a", "HTTP-3a", "HTTP-3b", "HTTP-4a", "HTTP-6a", role="client")
@pytest.mark.requirement("HTTP-7a", "HTTP-7b", "HTTP-7c", "SVC-3b", "SVC-5a", role="client")
@pytest.mark.requirement("SVC-5b", "SVC-5c", "SVC-5d", "SVC-7b", "ENC-4a", "ENC-5a", role="client")
@pytest.mark.requirement("ENC-6a", "ENC-6b", "ENC-6c", "ENC-6d", role="client")
@pytest.mark.requirement("TIME-1b", "TIME-2a", "STREAM-1a", "STREAM-2a", role="client")
async def test_a_stream_goes_up_as_an_encoder_owes_it_over_a_reset_too(stamper: Stamper) -> None:
    header, inspector = stamper.header(stamper.tracks), Inspector()
    media = cells(stamper, 0, COUNT)
    inspector.cuts.append(len(header) + len(media) // 2)
    async with served(inspector) as address, forwarding(to(address)) as hub:
        pushed = await hub.push(door.PATH, with_more(header) + media + box("mfra", bytes(16)))
        assert pushed.status == 200
        assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == COUNT * 3, 20)
    first, second = inspector.media
    assert [one.probe for one in inspector.requests] == [True, False, True, False]
    assert len({one.connection for one in inspector.media}) == 2
    for one in inspector.media:
        check_request(one, header)
    before, after = by_track(first.fragments()), by_track(second.fragments())
    for name in TRACKS:
        assert after[name][:1] <= before[name][-2:][:1], "the last two come again"
    came = {meaning(found) for one in inspector.media for found in one.fragments()}
    sent = [found for found in door.told("main", header + media) if isinstance(found, Fragment)]
    assert came == set(map(meaning, sent)), "all of it, as the encoder made it"


@pytest.mark.requirement("HTTP-5a", "HTTP-5b", role="client")
async def test_the_end_is_said_and_its_answer_waited_for(stamper: Stamper) -> None:
    inspector = Inspector(holds=asyncio.Event())
    async with served(inspector) as address:
        assert inspector.holds is not None
        async with door.opened(rules=RULES) as hub:
            forwarder = Forwarder(hub.channel, [to(address)], None)
            forwarder.open()
            await hub.push(door.PATH, stamper.header(stamper.tracks) + cells(stamper, 0, 2))
            assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == 6)
            closing = asyncio.create_task(forwarder.close())
            assert await eventually(lambda: inspector.media[0].whole)
            done, _ = await asyncio.wait({closing}, timeout=0.3)
            assert not done, "it does not wait for the answer"
            inspector.holds.set()
            await asyncio.wait_for(closing, 10)
    assert inspector.left_early == 0


@pytest.mark.requirement("REGION-1a", "REGION-1b", "REGION-2b", "FMT-4b", role="client")
async def test_two_receivers_get_the_same_streams_under_the_same_ids(stamper: Stamper) -> None:
    one, other = Inspector(), Inspector(cuts=[1])
    header = stamper.header(stamper.tracks)
    async with served(one) as eu, served(other) as us:
        both = to(eu, width=32), to(us, "us", width=32)
        async with forwarding(*both) as hub:
            await hub.push(door.PATH, header + cells(stamper, 0, 3))
            stands = hub.channel.upstreams
            assert await eventually(lambda: stands["eu"]().sent == stands["us"]().sent == 9, 20)
            states = {name: told().retries for name, told in stands.items()}
    assert states == {"eu": 0, "us": 1}
    assert one.media[-1].line == other.media[-1].line
    theirs, ours = one.media[-1].fragments(), other.media[-1].fragments()
    assert list(map(meaning, theirs)) == list(map(meaning, ours))
    indexes = [found.index for found in one.media[-1].fragments()]
    assert indexes == [FIRST + n for n in range(3) for _ in TRACKS]


@pytest.mark.requirement("STREAM-1a", "STREAM-2b", "STREAM-2c", "STREAM-3a", role="client")
@pytest.mark.requirement("AUDIO-5a", "HTTP-0", role="client")
@pytest.mark.parametrize("grouping", list(Grouping))
async def test_streams_go_up_as_they_are_grouped(stamper: Stamper, grouping: Grouping) -> None:
    inspector = Inspector()
    streams = spread(stamper, grouping)
    if grouping is Grouping.AUDIO_WITH_LOW:  # and with the other video, as AUDIO-5 wants it
        streams = {
            name: tracks if stamper.tracks[2] in tracks else (*tracks, stamper.tracks[2])
            for name, tracks in streams.items()
        }
    async with served(inspector) as address, forwarding(to(address)) as hub:
        for stream, tracks in streams.items():
            media = b"".join(stamper.fragment(sent, FIRST) for sent in tracks)
            path = f"/news.isml/Streams({stream})"
            assert (await hub.push(path, stamper.header(tracks) + media)).status == 200
        count = sum(map(len, streams.values()))
        assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == count)
    assert {one.stream: len(one.fragments()) for one in inspector.media} == {
        stream: len(tracks) for stream, tracks in streams.items()
    }
    for one in inspector.media:
        assert one.body.startswith(stamper.header(streams[one.stream]))
