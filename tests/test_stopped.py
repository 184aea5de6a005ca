"""A channel that is stopped ends its presentation, and goes on where it was when started again."""

from pathlib import Path

import pytest

from packagers.origin import Origin
from packagers.resource import parse
from relay.arrival import Sender
from relay.channel import Channel
from relay.errors import PlayerError
from relay.stopped import Stopped
from relay.store.disk import DiskStore
from tests.door import RULES, TRACK, Hands, bodies, send, shown

DOCUMENTS = ("master.m3u8", f"{TRACK}/index.m3u8", "manifest.mpd", "Manifest")


async def live(folder: Path, clock: Hands) -> Channel:
    store = await DiskStore.open(folder, "news", durable=False)
    channel = Channel("news", store, RULES, clock)
    await channel.open()
    return channel


async def push(channel: Channel, first: int, stop: int) -> None:
    for found in bodies(first, stop):
        await send(channel, Sender("a", "main"), found)


async def fetched(played: Channel | Stopped, *paths: str) -> list[bytes]:
    origin = Origin({"news": played})
    found = [await origin.resource(parse(f"/news.isml/{path}")) for path in paths]
    return [b"".join(map(bytes, resource.body)) for resource in found]


async def test_its_documents_end_and_its_segments_are_served_on(tmp_path: Path) -> None:
    channel = await live(tmp_path, Hands())
    await push(channel, 0, 8)
    await shown(channel, range(8))
    media = [f"{TRACK}/{index}.m4s" for index in range(8)]
    before, segments = await fetched(channel, *DOCUMENTS), await fetched(channel, *media)
    assert not any(b"ENDLIST" in body for body in before)
    await channel.stop()
    stopped = Stopped.of(channel)
    _, playlist, mpd, manifest = await fetched(stopped, *DOCUMENTS)
    assert playlist.endswith(b"7.m4s\n#EXT-X-ENDLIST\n")
    assert playlist.count(b"#EXTINF") == 8
    assert b'type="static"' in mpd
    assert b"IsLive" not in manifest
    assert await fetched(stopped, *media) == segments
    with pytest.raises(PlayerError):
        await fetched(stopped, f"{TRACK}/8.m4s")
    documents = await fetched(stopped, *DOCUMENTS)
    await stopped.close()
    store = await DiskStore.open(tmp_path, "news", durable=False)
    again = await Stopped.open("news", store, RULES)
    assert await fetched(again, *DOCUMENTS) == documents
    assert await fetched(again, *media) == segments
    await again.close()


async def test_started_again_the_channel_goes_on_where_it_was(tmp_path: Path) -> None:
    clock = Hands()
    channel = await live(tmp_path, clock)
    await push(channel, 0, 4)
    await shown(channel, range(4))
    await channel.stop()
    await Stopped.of(channel).close()
    channel = await live(tmp_path, clock)
    await push(channel, 4, 6)
    await shown(channel, range(6))
    _, playlist, mpd, _ = await fetched(channel, *DOCUMENTS)
    assert playlist.endswith(b"5.m4s\n")
    assert b"DISCONTINUITY" not in playlist
    assert b'type="dynamic"' in mpd
    await channel.close()


async def test_one_that_never_had_anything_has_nothing(tmp_path: Path) -> None:
    channel = await live(tmp_path, Hands())
    await channel.stop()
    stopped = Stopped.of(channel)
    for path in DOCUMENTS:
        with pytest.raises(PlayerError):
            await fetched(stopped, path)
    await stopped.close()
