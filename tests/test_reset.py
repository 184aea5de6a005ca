"""A channel is reset while encoders push: it begins anew, and no other channel notices."""

import asyncio
from pathlib import Path

import pytest

from relay.app import House
from relay.errors import ChannelUnknown, ResetFailed
from relay.store.disk import DiskStore
from relay.store.memory import MemoryStore
from tests.door import PATH, TRACK, chunked, header, published, request, shown, video
from tests.operating import PLAIN, get, opened, push
from tests.server.wire import PATIENCE, chunk, connected, eventually

SPORT = "/sport.isml/Streams(main)"
PLAYLIST = f"/news.isml/{TRACK}/index.m3u8"


async def reads(house: House, channel: str, stream: str) -> bool:
    return await eventually(lambda: house.channels[channel].header_of(stream) is not None)


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_a_reset_begins_anew_and_leaves_the_others_alone(tmp_path: Path, kind: str) -> None:
    folder = tmp_path if kind == "disk" else None
    async with opened({"news": PLAIN, "sport": PLAIN}, folder) as house:
        listen = house.addresses[0]
        async with (
            connected(listen) as edge,
            connected(listen) as inside,
            connected(listen) as other,
        ):
            await edge.send(request(PATH) + chunked(header() + video(7)))
            await inside.send(request("/news.isml/Streams(b)") + chunk(header() + video(7)[:5_000]))
            await other.send(request(SPORT) + chunked(header() + video(3)))
            assert await reads(house, "news", "b")
            await shown(house.channels["news"], [7])
            await shown(house.channels["sport"], [3])
            old, sport = house.channels["news"], house.channels["sport"]
            await house.reset("news")
            for client in (edge, inside):
                answer = await client.answer()
                assert (answer.status, answer.fields["connection"]) == (503, "close")
                assert "retry-after" in answer.fields
                assert b"INGEST_RESET" in answer.body
                assert b"news was reset." in answer.body
            fresh = house.channels["news"]
            assert fresh is not old
            assert published(fresh) == []
            assert fresh.header_of("main") is None
            assert [event.code for event in fresh.journal.events.values()] == ["CHANNEL_RESET"]
            assert (await get(house, PLAYLIST)).status == 404
            assert (await get(house, f"/news.isml/{TRACK}/7.m4s")).status == 404
            # The other one's body goes on.
            assert house.channels["sport"] is sport
            await other.send(chunked(video(4)) + b"0\r\n\r\n")
            assert (await other.answer()).status == 200
            await shown(sport, [3, 4])
        # Numbers far below those before are no restart of a clock now.
        assert (await push(house, 0, 3)).status == 200
        await shown(fresh, [0, 1, 2])
        assert fresh.presentation.epochs == ()
        assert (await get(house, PLAYLIST)).status == 200
        assert (await get(house, "/readyz", admin=True)).status == 200
    if kind == "disk":
        store = await DiskStore.open(tmp_path, "news")
        assert store.find(TRACK, 0, 7) is None
        assert store.find(TRACK, 0, 2) is not None
        await store.close()


async def test_what_connects_meanwhile_is_told_to_come_again() -> None:
    class Slow(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.go = asyncio.Event(), asyncio.Event()

        async def clear(self) -> None:
            self.begun.set()
            async with asyncio.timeout(PATIENCE):
                await self.go.wait()
            await super().clear()

    async with opened({"news": PLAIN}) as house:
        await house.channels["news"].stop()
        slow = house.channels["news"].store = Slow()
        resetting = asyncio.create_task(house.reset("news"))
        await slow.begun.wait()
        for path in (PATH, "/news.isml"):
            async with connected(house.addresses[0]) as client:
                await client.send(request(path, length=0))
                assert (await client.answer()).status == 503
        old = house.channels["news"]
        resetting.cancel()  # its caller goes away; it is carried through
        await asyncio.wait({resetting})
        slow.go.set()
        assert await eventually(lambda: house.channels["news"] is not old)
        await house.reset("news")
        assert (await push(house, 0, 1)).status == 200
        await shown(house.channels["news"], [0])


async def test_a_store_that_cannot_be_emptied_is_told_and_tried_again() -> None:
    class Stubborn(MemoryStore):
        refuses = True

        async def clear(self) -> None:
            if self.refuses:
                raise OSError(5, "Input/output error")
            await super().clear()

    async with opened({"news": PLAIN}) as house:
        channel = house.channels["news"]
        await channel.stop()
        stubborn = channel.store = Stubborn()
        with pytest.raises(ResetFailed, match="Input/output error") as failed:
            await house.reset("news")
        assert "relay reset news" in failed.value.hint
        # It goes on with what is there, and with what was there.
        assert (await push(house, 0, 2)).status == 200
        await shown(house.channels["news"], [0, 1])
        with pytest.raises(ResetFailed):
            await house.reset("news")
        assert published(house.channels["news"]) == [0, 1]
        assert (await get(house, "/readyz", admin=True)).status == 200
        codes = [event.code for event in house.channels["news"].journal.events.values()]
        assert "CONTROL_RESET" in codes
        stubborn.refuses = False
        await house.reset("news")
        assert published(house.channels["news"]) == []
        assert (await push(house, 0, 1)).status == 200


async def test_what_another_relay_has_emptied_is_taken_up_anew() -> None:
    class Shared(MemoryStore):
        taken = True

        @property
        def emptied(self) -> bool:
            return not self.taken

        async def clear(self) -> None:
            self.taken = True  # the other one has cleared it

    async with opened({"news": PLAIN}) as house:
        await house.channels["news"].stop()
        shared = house.channels["news"].store = Shared()
        old = house.channels["news"]
        shared.taken = False
        assert await eventually(lambda: house.channels["news"] is not old)
        assert shared.taken
        assert (await push(house, 0, 2)).status == 200
        await shown(house.channels["news"], [0, 1])


async def test_a_channel_that_is_not_there() -> None:
    async with opened({"news": PLAIN}) as house:
        with pytest.raises(ChannelUnknown):
            await house.reset("sport")
