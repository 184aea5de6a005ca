"""A receiver on a real socket before channels on stores that a test chooses, and pushes for it.

The media is captured; where a test needs more of it than was captured, the same fragments are
stamped anew. `D` is 2 s, so the video fragment that begins at 2 n seconds has the index n.
"""

import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

from relay.access import FrontEnd, Gate
from relay.arrival import Sender
from relay.channel import Channel, Rules
from relay.ingest.smooth import Session
from relay.limits import Limits
from relay.media import Fragment, Header, Verdict
from relay.monitor.health import application, described
from relay.mp4.reader import BoxReader
from relay.mp4.smooth import TFXD
from relay.receiver import Receiver
from relay.server import Listener, Server
from relay.server.tls import Tls
from relay.store import Store
from relay.store.memory import MemoryStore
from tests.mp4 import recorded
from tests.server.wire import Answer, chunk, connected, eventually

AV = "ff9-av/req001.body"
VIDEO = "ff9-split/req001.body"
TRACK = "video-150000"
"""The only track of VIDEO."""
PATH = "/news.isml/Streams(main)"
D = 20_000_000
RULES = Rules(duration=Fraction(2), patience=60_000)
"""Nothing is decided by time, unless a test says so."""
LEARNING = replace(RULES, duration=None)
LAST = b"0\r\n\r\n"


@dataclass(slots=True)
class Hands:
    """A clock whose hands the test turns: milliseconds, and those since 1970."""

    at: int = 0

    def now(self) -> int:
        return self.at

    def utc(self) -> int:
        return 1_800_000_000_000 + self.at


def header(name: str = VIDEO) -> bytes:
    """ftyp, manifest, moov."""
    return b"".join(box.data for box in recorded.boxes(name)[:3])


def other_level() -> bytes:
    """The header with another AVCLevelIndication: another codec configuration of the same track."""
    data = bytearray(header())
    data[data.index(b"avcC") + 4 + 3] += 1
    return bytes(data)


def fragments(name: str = VIDEO) -> list[bytes]:
    return [moof + mdat for moof, mdat in recorded.pairs(name)]


def video(index: int, name: str = VIDEO, late: int = 0) -> bytes:
    """The video fragment of an index: a captured one with another tfxd time, `late` ticks later."""
    captured = fragments(name)
    data = bytearray(captured[index % len(captured)])
    struct.pack_into(">q", data, data.index(TFXD) + len(TFXD) + 4, index * D + late)
    return bytes(data)


def told(stream: str, data: bytes) -> list[Header | Fragment]:
    """What a body says."""
    session = Session(stream)
    return [found for box in BoxReader().feed(data) for found in session.take(box)]


def request(
    path: str = PATH, *fields: str, length: int | None = None, method: str = "POST"
) -> bytes:
    """A request's head: chunked, unless a length is given."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *fields, framing]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunked(data: bytes, size: int = 32_768) -> bytes:
    """A body in chunks, without the last one."""
    return b"".join(chunk(data[at : at + size]) for at in range(0, len(data), size))


@dataclass(slots=True)
class Door:
    """What `opened` yields."""

    address: tuple[str, int]
    admin: tuple[str, int]
    receiver: Receiver
    server: Server
    channels: dict[str, Channel]
    clock: Hands

    async def push(self, path: str, data: bytes, *fields: str) -> Answer:
        """One chunked POST on its own connection, and its answer."""
        async with connected(self.address) as client:
            await client.send(request(path, *fields) + chunked(data) + LAST)
            return await client.answer()

    async def put(self, path: str, data: bytes, *fields: str) -> Answer:
        """One POST with a Content-Length on its own connection, and its answer."""
        async with connected(self.address) as client:
            await client.send(request(path, *fields, length=len(data)) + data)
            return await client.answer()

    @property
    def channel(self) -> Channel:
        return self.channels["news"]

    @property
    def rejected(self) -> object:
        """Refused POSTs by code."""
        return self.receiver.counts()["rejected"]

    def untouched(self) -> bool:
        """The channel has no stream, no track, and no source."""
        channel = self.channel
        said = described(channel, self.clock.utc())
        return not (said["tracks"] or said["sources"]) and channel.header_of("main") is None


def published(channel: Channel, track: str = TRACK) -> list[int]:
    """The indexes that players see, gaps as negative numbers."""
    rendition = channel.presentation.rendition(track)
    segments = rendition.segments if rendition else []
    return [~segment.index if segment.gap else segment.index for segment in segments]


def verdicts(channel: Channel, track: str = TRACK) -> dict[str, dict[Verdict, int]]:
    """What became of the copies of a track, by source; addresses without their host."""
    found: dict[str, dict[Verdict, int]] = {}
    for (source, of, verdict), count in channel.tally.counts.items():
        if of == track:
            found.setdefault(source.removeprefix("127.0.0.1-"), {})[verdict] = count
    return found


async def shown(channel: Channel, indexes: Sequence[int], track: str = TRACK) -> None:
    """Wait until exactly these are published."""
    await eventually(lambda: published(channel, track) == list(indexes))
    assert published(channel, track) == list(indexes)


@asynccontextmanager
async def opened(
    stores: Mapping[str, Store] | None = None,
    rules: Rules = RULES,
    *,
    idle: int = 12_000,
    limits: Limits | None = None,
    front_end: FrontEnd | None = None,
    busy: Callable[[], str] = lambda: "",
    tls: Tls | None = None,
    events: bool = False,
    gates: Mapping[str, Gate] | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Door]:
    """Channels (`news`, on memory, unless others are given), a receiver, and the admin door."""
    clock = Hands()
    channels: dict[str, Channel] = {}
    for name, store in (stores or {"news": MemoryStore()}).items():
        channels[name] = Channel(name, store, rules, clock)
        await channels[name].open()
    receiver = Receiver(
        channels,
        clock,
        gates=gates,
        front_end=front_end,
        limits=limits or Limits(idle=idle),
        busy=busy,
        events=events,
    )
    server = Server(receiver, [Listener("127.0.0.1", 0, tls)])
    monitor = Server(
        application(channels, receiver.counts, ready, clock), [Listener("127.0.0.1", 0)]
    )
    (address,), (admin,) = await server.start(), await monitor.start()
    try:
        yield Door(address, admin, receiver, server, channels, clock)
    finally:
        await server.stop(0)
        await monitor.stop(0)
        for channel in channels.values():
            await channel.close()


async def started(store: MemoryStore, rules: Rules = RULES) -> tuple[Channel, Hands]:
    """A channel without doors."""
    clock = Hands()
    channel = Channel("news", store, rules, clock)
    await channel.open()
    return channel, clock


async def send(channel: Channel, sender: Sender, found: Header | Fragment) -> None:
    if isinstance(found, Header):
        await channel.header(sender, found)
    else:
        await channel.fragment(sender, found)


def bodies(first: int, stop: int) -> list[Header | Fragment]:
    """The header and the video fragments of these indexes."""
    return told("main", header() + b"".join(video(index) for index in range(first, stop)))
