"""A program is a part of its channel that stays, whatever becomes of the channel meanwhile."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import pytest

from packagers.origin import Origin
from packagers.resource import parse
from relay.errors import PlayerError
from relay.media import Gap
from relay.presentation import Presentation
from relay.program import Program
from relay.store.memory import MemoryStore
from tests.door import PATH, RULES, TRACK, D, Door, header, opened, shown, video
from tests.server.wire import eventually

SHORT = replace(RULES, window=Fraction(10))


def indexes(presentation: Presentation) -> list[int]:
    rendition = presentation.rendition(TRACK)
    return [] if rendition is None else [segment.index for segment in rendition.segments]


async def push(door: Door, numbers: Iterable[int]) -> None:
    assert (await door.push(PATH, header() + b"".join(map(video, numbers)))).status == 200


async def recorded(program: Program, numbers: Iterable[int]) -> None:
    wanted = list(numbers)
    assert await eventually(lambda: indexes(program.presentation) == wanted)


async def get(origin: Origin, path: str) -> bytes:
    resource = await origin.resource(parse(path))
    return b"".join(bytes(part) for part in resource.body)


async def test_it_begins_with_the_next_fragment_and_ends_with_the_last_while_live_goes_on() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore())
        await push(door, range(3, 6))
        await recorded(program, range(3, 6))
        assert not program.presentation.ended
        await program.stop()
        await push(door, range(6, 9))
        await shown(door.channel, range(9))
        assert indexes(program.presentation) == [3, 4, 5]
        assert program.presentation.ended
        await program.stop()
        await program.close()


async def test_players_find_it_under_urls_of_its_own_with_the_channels_bytes() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore())
        origin = Origin({"news": door.channel, program.name: program})
        await push(door, range(3, 6))
        await recorded(program, range(3, 6))
        assert b"#EXT-X-ENDLIST" not in await get(origin, f"/news.evening.isml/{TRACK}/index.m3u8")
        await program.stop()
        assert TRACK.encode() in await get(origin, "/news.evening.isml/master.m3u8")
        playlist = await get(origin, f"/news.evening.isml/{TRACK}/index.m3u8")
        assert playlist.endswith(b"5.m4s\n#EXT-X-ENDLIST\n")
        assert playlist.count(b"#EXTINF") == 3
        mpd = await get(origin, "/news.evening.isml/manifest.mpd")
        assert b'type="static"' in mpd
        assert b"mediaPresentationDuration" in mpd
        assert b'type="dynamic"' in await get(origin, "/news.isml/manifest.mpd")
        assert b"ENDLIST" not in await get(origin, f"/news.isml/{TRACK}/index.m3u8")
        for index in (3, 4, 5):
            segments = [
                await get(origin, f"/{name}.isml/{TRACK}/{index}.m4s")
                for name in ("news", "news.evening")
            ]
            assert segments[0] == segments[1]
        with pytest.raises(PlayerError):
            await get(origin, f"/news.evening.isml/{TRACK}/6.m4s")
        await program.close()


async def test_it_keeps_what_has_left_the_window_of_its_channel() -> None:
    async with opened(rules=SHORT) as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore())
        for index in range(3, 20):
            await push(door, [index])
            await recorded(program, range(3, index + 1))
        assert indexes(door.channel.presentation)[0] > 10
        await program.stop()
        assert indexes(program.presentation) == list(range(3, 20))
        assert await program.store.get(TRACK, 0, 3) is not None
        await program.close()


async def test_an_archive_window_moves_until_it_is_stopped() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore(), window=10)
        await push(door, range(3, 20))
        await recorded(program, range(15, 20))
        assert program.store.find(TRACK, 0, 3) is None
        await program.stop()
        assert indexes(program.presentation) == list(range(15, 20))
        await program.close()


class Lasting(MemoryStore):
    """A store that another program object opens again: a disk, as it were."""

    async def close(self) -> None:
        pass


async def test_a_restart_goes_on_with_it_and_takes_what_came_meanwhile() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        store = Lasting()
        before = await Program.start(door.channel, "evening", store)
        await push(door, range(3, 5))
        await recorded(before, range(3, 5))
        await before.close()
        await push(door, range(5, 8))
        await shown(door.channel, range(8))
        after = await Program.open(door.channel, "evening", store)
        await recorded(after, range(3, 8))
        await push(door, range(8, 10))
        await recorded(after, range(3, 10))
        await after.stop()
        await after.close()
        once_more = await Program.open(door.channel, "evening", store)
        assert once_more.presentation.ended
        path = f"/news.evening.isml/{TRACK}/index.m3u8"
        bodies = [await get(Origin({p.name: p}), path) for p in (after, once_more)]
        assert bodies[0] == bodies[1]
        assert indexes(once_more.presentation) == list(range(3, 10))
        await once_more.stop()


async def test_a_hole_of_the_channel_is_one_of_the_program() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore())
        await push(door, range(3, 5))
        await recorded(program, range(3, 5))
        await door.channel.store.put(Gap(TRACK, 0, 5, 5 * D, D, 0))
        await push(door, range(6, 8))
        await recorded(program, range(3, 8))
        await program.stop()
        rendition = program.presentation.rendition(TRACK)
        assert rendition is not None
        assert [s.index for s in rendition.segments if s.gap] == [5]
        await program.close()


async def test_a_store_without_a_program_is_none() -> None:
    async with opened() as door:
        with pytest.raises(ValueError, match=r"news\.evening holds no program"):
            await Program.open(door.channel, "evening", MemoryStore())


async def test_it_may_be_stopped_before_anything_came() -> None:
    async with opened() as door:
        await push(door, range(3))
        await shown(door.channel, range(3))
        program = await Program.start(door.channel, "evening", MemoryStore())
        await program.stop()
        assert program.presentation.ended
        assert indexes(program.presentation) == []
        await program.close()
