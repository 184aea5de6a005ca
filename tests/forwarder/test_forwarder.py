"""A channel and its forwarder in this process, before relays and servers that misbehave."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relay.arrival import Sender
from relay.channel import Channel
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.media import Fragment
from relay.store.memory import MemoryStore
from relay.uplink.attempt import LONGEST_WAIT, State
from tests import door
from tests.courier.misbehaving import chunk, probed, served
from tests.server.wire import eventually

SENDER = Sender("enc_a", "main")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Upstream:
    """A raw receiver: answers probes, keeps the bodies of POSTs, and ends them well."""

    bodies: list[bytearray] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        body = bytearray()
        self.bodies.append(body)
        while piece := await chunk(reader):
            body += piece
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


def to(address: tuple[str, int], name: str = "eu", **more: object) -> Destination:
    return Destination(name, f"http://127.0.0.1:{address[1]}/live/news.isml", **more)  # type: ignore[arg-type]


@asynccontextmanager
async def forwarding(
    *destinations: Destination, folder: Path | None = None, store: MemoryStore | None = None
) -> AsyncIterator[Channel]:
    """A channel with its forwarder."""
    channel, _ = await door.started(store or MemoryStore())
    forwarder = Forwarder(channel, destinations, folder)
    forwarder.open()
    try:
        yield channel
    finally:
        await forwarder.close()
        await channel.close()


async def push(channel: Channel, first: int, stop: int) -> None:
    for found in door.bodies(first, stop):
        await door.send(channel, SENDER, found)


def state(channel: Channel, name: str = "eu") -> State:
    return channel.upstreams[name]().state


async def test_the_timeline_goes_up_and_the_end_is_clean() -> None:
    upstream = Upstream()
    async with served(upstream) as address:
        async with forwarding(to(address)) as channel:
            assert channel.upstreams["eu"]().reason == "no stream yet"
            await push(channel, 100, 104)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 4)
            assert state(channel) is State.STREAMING
        assert len(upstream.bodies) == 1
        found = door.told("main", bytes(upstream.bodies[0]))
    assert len(found) == 5
    assert bytes(upstream.bodies[0]).startswith(door.header())


@pytest.mark.requirement("HTTP-1b", "SVC-7c", role="client")
async def test_a_refusal_in_mid_body_is_told_at_once_with_its_reason() -> None:
    refused: list[float] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await probed(reader, writer):
            return
        await chunk(reader)
        body = b'{"code": "NO", "detail": "Not you."}'
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        refused.append(time.monotonic())
        while await reader.read(65536):
            pass

    async with served(refuse) as address, forwarding(to(address)) as channel:
        await push(channel, 100, 103)
        assert await eventually(lambda: state(channel) is State.REFUSED)
        assert time.monotonic() - refused[0] < 2
        assert channel.upstreams["eu"]().reason == "403 NO Not you."
        assert await eventually(lambda: _codes(channel) == ["UPSTREAM_REFUSED"])
        (event,) = [e for e in channel.journal.events.values() if e.code == "UPSTREAM_REFUSED"]
        assert event.grave
        assert event.text == "eu: refuses: 403 NO Not you."
        assert await eventually(lambda: len(refused) > 1), "it is not tried again"


@pytest.mark.requirement("REGION-2b", role="client")
async def test_one_that_is_down_does_not_hold_up_the_other() -> None:
    upstream = Upstream()
    async with served(upstream) as address:
        async with served(upstream) as nobody:
            pass
        async with forwarding(to(nobody, "us"), to(address)) as channel:
            await push(channel, 100, 103)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 3)
            assert await eventually(lambda: state(channel, "us") is State.RETRYING)
            assert channel.upstreams["us"]().backlog == 3
            assert channel.upstreams["us"]().reason == "no connection: Connection refused"
            assert abs(channel.upstreams["us"]().again / 1000 - time.time()) < LONGEST_WAIT / 1000
            assert channel.upstreams["eu"]().again == 0


async def test_a_backlog_is_over_when_all_of_it_is_there() -> None:
    upstream = Upstream()
    async with served(upstream) as address, forwarding(to(address)) as channel:
        await push(channel, 100, 112)
        codes: list[str] = []

        def told() -> bool:
            events = channel.journal.events.values()
            codes[:] = [e.code for e in events if e.code.startswith("UPSTREAM_")]
            return codes[-1:] == ["UPSTREAM_STREAMING"]

        assert await eventually(told)
        assert channel.upstreams["eu"]().backlog == 0
        assert codes == ["UPSTREAM_CATCHING_UP", "UPSTREAM_STREAMING"]


@pytest.mark.requirement("HTTP-7b", "HTTP-7c", "FMT-4c", role="client")
async def test_a_restart_goes_on_behind_the_last_two(tmp_path: Path) -> None:
    upstream, store = Upstream(), MemoryStore()
    async with served(upstream) as address:
        async with forwarding(to(address), folder=tmp_path, store=store) as channel:
            await push(channel, 100, 105)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 5)
        again = MemoryStore()
        for member in store.follow().past:
            copy = getattr(member, "index", None)
            data = None if copy is None else await store.get(door.TRACK, 0, copy)
            await again.put(member, [data] if data else [])
        async with forwarding(to(address), folder=tmp_path, store=again) as channel:
            await push(channel, 105, 106)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 1)
    sent = [door.told("main", bytes(body))[1:] for body in upstream.bodies]
    times = [[f.time // door.D for f in one if isinstance(f, Fragment)] for one in sent]
    assert times == [[100, 101, 102, 103, 104], [103, 104, 105]]


async def test_without_a_stop_of_the_other_a_backup_sends_nothing() -> None:
    eu, us = Upstream(), Upstream()
    async with served(eu) as one, served(us) as other:
        backup = to(other, "us", backup_of="eu")
        async with forwarding(to(one), backup) as channel:
            await push(channel, 100, 103)
            assert await eventually(lambda: channel.upstreams["eu"]().sent == 3)
            assert channel.upstreams["us"]().reason == "backup of eu"
    assert us.bodies == []


async def test_a_backup_steps_in_with_what_the_other_did_not_take() -> None:
    eu, us = Upstream(), Upstream()
    async with served(us) as other:
        async with served(eu) as one:
            pass  # nobody is there any more
        async with forwarding(to(one), to(other, "us", backup_of="eu")) as channel:
            await push(channel, 100, 104)
            assert await eventually(lambda: channel.upstreams["us"]().sent == 4, 30)
            assert await eventually(lambda: "UPSTREAM_BACKUP" in _codes(channel))
    found = door.told("main", bytes(us.bodies[0]))
    assert len(found) == 5


class Holey(MemoryStore):
    """Has lost the bytes of one copy."""

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        return None if index == 101 else await super().get(track, run, index, time)


async def test_what_can_never_go_up_is_counted_and_told() -> None:
    upstream = Upstream()
    async with served(upstream) as address, forwarding(to(address), store=Holey()) as channel:
        await push(channel, 100, 103)
        assert await eventually(lambda: channel.upstreams["eu"]().sent == 2)
        assert channel.upstreams["eu"]().lost == 1
        assert await eventually(lambda: "UPSTREAM_LOST" in _codes(channel))


class Faulty(MemoryStore):
    """Raises what no store may, twice."""

    faults = 0

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        self.faults += 1
        if self.faults <= 2:
            raise RuntimeError("a fault of our own")
        return await super().get(track, run, index, time)


async def test_a_fault_of_our_own_is_logged_and_the_stream_goes_on() -> None:
    upstream = Upstream()
    async with served(upstream) as address, forwarding(to(address), store=Faulty()) as channel:
        await push(channel, 100, 103)
        assert await eventually(lambda: channel.upstreams["eu"]().retries > 0)
        assert await eventually(lambda: channel.upstreams["eu"]().sent == 3, 20)


@pytest.mark.requirement("STREAM-2b", role="client")
async def test_streams_can_go_up_one_track_each() -> None:
    upstream = Upstream()
    async with served(upstream) as address, forwarding(to(address, per_track=True)) as channel:
        for found in door.told("main", door.header(door.AV) + b"".join(door.fragments(door.AV))):
            await door.send(channel, SENDER, found)
        assert await eventually(lambda: channel.upstreams["eu"]().sent > 4)
        assert await eventually(lambda: len(upstream.bodies) == 2)
    said = [door.told("main", bytes(body))[1:] for body in upstream.bodies]
    tracks = [{found.track.name for found in one if isinstance(found, Fragment)} for one in said]
    assert sorted(map(len, tracks)) == [1, 1]
    assert tracks[0] != tracks[1]


async def test_a_secret_file_that_is_absent_is_told_and_read_anew(tmp_path: Path) -> None:
    token, heads = tmp_path / "token", list[bytes]()

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with served(look) as address, forwarding(to(address, token_file=token)) as channel:
        await push(channel, 100, 101)
        assert await eventually(lambda: state(channel) is State.RETRYING)
        assert "token" in channel.upstreams["eu"]().reason
        assert heads == []
        token.write_text("s3cret\n")
        assert await eventually(lambda: bool(heads))
        assert b"Authorization: Bearer s3cret\r\n" in heads[0]


def _codes(channel: Channel) -> list[str]:
    return [
        event.code
        for event in channel.journal.events.values()
        if event.code.startswith("UPSTREAM_") and event.code != "UPSTREAM_STREAMING"
    ]
