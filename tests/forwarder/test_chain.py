"""From one relay's timeline to another's, both in this process: what only a receiver can tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.forwarder.office import Office
from relay.ingest.manifest import ManifestTrack, parse
from relay.mp4.single import only_track
from relay.mp4.smooth import manifest_xml
from relay.reset import Reset
from tests import door
from tests.courier.misbehaving import served
from tests.door import PATH, Door, header, other_level, shown, video
from tests.forwarder.inspector import Inspector, Request
from tests.ingest.pushes import as_text, manifest, part, said
from tests.server.wire import eventually
from tests.test_receiver_sparse import CUES, NAME, cue


def cues_header() -> bytes:
    """A header with a sparse track and no other."""
    declared = manifest(said("textstream", 2, trackName="cues", parentTrackName="video"))
    moov = only_track(as_text(part("moov").data, b"meta").data, 2)
    return part("ftyp").data + declared.data + moov


@asynccontextmanager
async def chained(**more: object) -> AsyncIterator[tuple[Door, Door]]:
    """A hub and the relay that it forwards to."""
    async with door.opened() as hub, door.opened() as upstream:
        url = f"http://127.0.0.1:{upstream.address[1]}/news.isml"
        to = Destination("eu", url, **more)  # type: ignore[arg-type]
        forwarder = Forwarder(hub.channel, [to], None)
        forwarder.open()
        try:
            yield hub, upstream
        finally:
            await forwarder.close()


@pytest.mark.requirement("SPARSE-1a", "SPARSE-4a", "SPARSE-4d", "SPARSE-4e", "SPARSE-4h")
@pytest.mark.requirement(
    "SPARSE-1a", "SPARSE-4b", "SPARSE-4d", "SPARSE-4e", "SPARSE-4g", "SPARSE-4h", role="client"
)
async def test_a_sparse_stream_goes_up_in_short_posts_with_its_events_untouched() -> None:
    async with chained() as (hub, upstream):
        assert (await hub.put(CUES, cues_header())).status == 200
        assert await eventually(lambda: NAME in tracks(upstream)), "a header alone goes up"
        await hub.push(PATH, header() + b"".join(map(video, range(3))))
        for seconds in (2, 3):
            answer = await hub.put(CUES, cues_header() + cue(seconds, b"%d <bytes>\xff" % seconds))
            assert answer.status == 200
        await shown(upstream.channel, [0, 1, 2])
        assert await eventually(lambda: len(_events(upstream)) == 2)
        assert _events(upstream) == _events(hub)
        for index, time in _events(hub):
            data = await upstream.channel.store.get(NAME, 0, index, time)
            assert data is not None
            assert data.endswith(b"mdat%d <bytes>\xff" % (time // 10_000_000))
        assert await eventually(lambda: upstream.receiver.counts()["posts"] == 1), "one stays open"
        assert upstream.rejected == {}


@pytest.mark.requirement("HTTP-3b", "SVC-5c")
@pytest.mark.fault("F11")
@pytest.mark.requirement("HTTP-3b", role="client")
async def test_an_encoder_with_other_settings_changes_the_upstream_behind_a_header_of_its_own() -> (
    None
):
    async with chained() as (hub, upstream):
        await hub.push(PATH, header() + b"".join(map(video, range(3))))
        await shown(hub.channel, range(3))
        await hub.push(PATH, other_level() + b"".join(map(video, range(3, 6))))
        await shown(hub.channel, range(6))
        await shown(upstream.channel, range(6))
        theirs = upstream.channel.presentation.rendition(door.TRACK)
        ours = hub.channel.presentation.rendition(door.TRACK)
        assert theirs is not None
        assert ours is not None
        assert theirs.former == ours.former
        assert theirs.track == ours.track
        assert upstream.rejected == {}


async def test_a_changed_stream_goes_up_whole_to_one_that_comes_late() -> None:
    async with door.opened() as hub, door.opened() as upstream:
        await hub.push(PATH, header() + b"".join(map(video, range(3))))
        await shown(hub.channel, range(3))
        await hub.push(PATH, other_level() + b"".join(map(video, range(3, 6))))
        await shown(hub.channel, range(6))
        url = f"http://127.0.0.1:{upstream.address[1]}/news.isml"
        forwarder = Forwarder(hub.channel, [Destination("eu", url)], None)
        forwarder.open()
        try:
            await shown(upstream.channel, range(6))
            assert upstream.rejected == {}
        finally:
            await forwarder.close()


async def test_an_end_that_nobody_answers_is_not_waited_for_for_long() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"Content-Length: 0" in await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, door.opened() as hub:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/news.isml"
        forwarder = Forwarder(hub.channel, [Destination("eu", url)], None)
        forwarder.open()
        await hub.push(PATH, header() + video(0))
        assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == 1)
        async with asyncio.timeout(9):
            await forwarder.close()


def tracks(relay: Door) -> list[str]:
    return [rendition.name for rendition in relay.channel.presentation.renditions]


def _events(relay: Door) -> list[tuple[int, int]]:
    found = relay.channel.presentation.events.get(NAME, ())
    return [(event.index, event.time) for event in found]


async def test_a_channel_that_was_reset_is_taken_up_anew(tmp_path: Path) -> None:
    async with door.opened() as hub, door.opened() as upstream:
        to = Destination("eu", f"http://127.0.0.1:{upstream.address[1]}/news.isml")
        (tmp_path / "news").mkdir()
        office = Office(hub.channels, {"news": [to]}, tmp_path)
        office.open()
        try:
            await hub.push(PATH, header() + b"".join(map(video, range(3))))
            await shown(upstream.channel, range(3))
            await Reset(hub.channels, hub.receiver.endings, hub.clock)("news")
            assert await eventually(lambda: "eu" in hub.channel.upstreams)
            await hub.push(PATH, header() + b"".join(map(video, range(3, 6))))
            await shown(upstream.channel, range(6))
            assert hub.channel.upstreams["eu"]().lost == 0
            # As after a repaired clock: between the numbers of before and now there was nothing.
            await Reset(hub.channels, hub.receiver.endings, hub.clock)("news")
            assert await eventually(lambda: "eu" in hub.channel.upstreams)
            await hub.push(PATH, header() + b"".join(map(video, range(100, 103))))
            assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == 3)
            assert hub.channel.upstreams["eu"]().lost == 0
        finally:
            await office.close()


@pytest.mark.requirement("SPARSE-2a", "SPARSE-3a", "SPARSE-4f", role="client")
async def test_an_event_does_not_wait_behind_pictures_that_are_not_taken() -> None:
    inspector = Inspector(reads=lambda request: request.stream != "main")
    async with served(inspector) as address, door.opened() as hub:
        url = f"http://127.0.0.1:{address[1]}/news.isml"
        forwarder = Forwarder(hub.channel, [Destination("eu", url)], None)
        forwarder.open()
        try:
            await hub.push(PATH, header() + b"".join(map(video, range(3))))
            silent = cues_header()
            assert b"manifestOutput" not in silent
            await hub.put(CUES, silent + cue(2))
            assert await eventually(lambda: any(one.fragments() for one in _cues(inspector)))
            (event,) = _cues(inspector)[-1].fragments()
            assert event.time == 20_000_000
            (told,) = manifest_of(_cues(inspector)[-1])
            assert (told.output, told.parent) == (True, "video")
            assert not any(one.whole for one in inspector.media if one.stream == "main")
        finally:
            await forwarder.close()


@pytest.mark.requirement("SPARSE-4a", "FMT-1a", role="client")
async def test_a_sparse_track_among_pictures_is_announced_by_their_header() -> None:
    """SPARSE-4 speaks of streams of sparse tracks; a POST of a header alone is for them only."""
    inspector = Inspector()
    mixed = mixed_header()
    async with served(inspector) as address, door.opened() as hub:
        url = f"http://127.0.0.1:{address[1]}/news.isml"
        forwarder = Forwarder(hub.channel, [Destination("eu", url)], None)
        forwarder.open()
        try:
            assert (await hub.push(PATH, mixed)).status == 200
            assert await eventually(lambda: NAME in tracks(hub))
            await hub.put(CUES, cues_header())
            assert await eventually(lambda: len(inspector.media) == 1)
            await hub.push(PATH, mixed + video(0))
            assert await eventually(lambda: hub.channel.upstreams["eu"]().sent == 1)
        finally:
            await forwarder.close()
    assert [one.stream for one in inspector.media] == ["cues", "main"]
    alone, main = inspector.media
    assert not alone.fragments()
    assert len(main.fragments()) == 1
    assert {told.key.name for told in manifest_of(main)} == {"video", "cues"}


def mixed_header() -> bytes:
    """A header of the video and the sparse track."""
    declared = manifest(
        said("video", 1, 150_000),
        said("textstream", 2, trackName="cues", parentTrackName="video"),
    )
    return part("ftyp").data + declared.data + as_text(part("moov").data, b"meta").data


def manifest_of(request: Request) -> tuple[ManifestTrack, ...]:
    (told,) = (one for one in request.boxes() if one.type == "uuid")
    return parse(manifest_xml(bytes(told.payload)))


def _cues(inspector: Inspector) -> list[Request]:
    return [one for one in inspector.media if one.stream == "cues" and one.whole]
