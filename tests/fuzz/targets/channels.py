"""A whole body, as an encoder sends it, through the grammar into a channel and out to players.

Whatever is said of a channel afterwards has to be sound: every document can be read, keeps the
rules of its standard, and what it lists can be fetched. The first byte parts the body into the
bodies of two senders, so that copies meet.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator

import m3u8
from lxml import etree

from packagers.resource import Asked, Resource, parse
from relay.arrival import Sender
from relay.errors import EncoderError, PlayerError
from relay.ingest.completion import Completion
from relay.ingest.smooth import Session, read_header
from relay.media import Header, Kind
from relay.mp4.reader import BoxReader
from tests.door import D, header, other_level, video
from tests.fuzz.house import House, listening
from tests.fuzz.hurry import Hurry
from tests.fuzz.target import Target
from tests.mp4 import recorded
from tests.packagers.dash import schema
from tests.streams import Said, Stream

LOOP = Hurry()
_URI = re.compile(r'^(?!#)\S+|URI="([^"]+)"', re.MULTILINE)
_MOST = 24
"""Listed things that are fetched."""


async def _push(house: House, sender: Sender, data: bytes) -> None:
    """What the door in does with a body."""
    channel, completion = house.channel, Completion()
    session = Session(sender.stream, channel.header_of(sender.stream))
    channel.began(sender)
    clean = False
    try:
        boxes = [box for came in BoxReader().feed(data) for box in completion.take(came)]
        for box in [*boxes, *completion.end()]:
            for found in session.take(box):
                if isinstance(found, Header):
                    assert read_header(sender.stream, found.data) == found, "a replay differs"
                    await channel.header(sender, found)
                else:
                    assert found.duration >= 0
                    assert found.sample_count > 0
                    await channel.fragment(sender, found)
        session.end()
        clean = True
    except EncoderError as error:
        channel.refused(sender, error)
    finally:
        await channel.ended(sender, clean=clean)


async def _all(data: bytes) -> None:
    half = len(data) * (data[0] if data else 0) // 255
    async with House(LOOP).opened() as house:
        await _push(house, Sender("a", "main"), data[1:half])
        await _push(house, Sender("b", "main"), data[max(half, 1) :])
        for _ in range(3):
            await _settled()
        await _look(house)


async def _settled() -> None:
    """So long that all that waits for a copy has been decided."""
    await asyncio.sleep(30)


async def _look(house: House) -> None:
    """Every document, and what it lists."""
    listed: list[str] = []
    for leaf in ("master.m3u8", "state", "pins", "manifest.mpd", "Manifest", "time"):
        body = await _get(house, leaf)
        if body is None:
            continue
        if leaf.endswith("m3u8"):
            _playlist(body)
            listed += [found[1] or found[0] for found in _URI.finditer(body.decode())]
        elif leaf == "manifest.mpd":
            assert not schema.complaints(body), schema.complaints(body)
        elif leaf == "Manifest":
            etree.fromstring(body)
    for form in ("mpd-time-cmaf", "mpd-number-cmaf"):
        body = await _get(house, f"manifest(format={form})")
        assert body is None or not schema.complaints(body), schema.complaints(body)
    for uri in listed[:_MOST]:
        body = await _get(house, uri)
        if body is None or not uri.endswith(".m3u8"):
            continue
        _playlist(body)
        folder = uri.rpartition("/")[0]
        for found in list(_URI.finditer(body.decode()))[:_MOST]:
            await _get(house, f"{folder}/{found[1] or found[0]}")


def _playlist(body: bytes) -> None:
    text = body.decode()
    parsed = m3u8.loads(text)
    assert parsed is not None
    assert text.count("#EXT-X-ENDLIST") == 0, "a line that nobody wrote"
    for line in text.splitlines():
        assert line.isprintable(), repr(line)


async def _get(house: House, leaf: str) -> bytes | None:
    path = f"/news.isml/{leaf}"
    asked: Asked = parse(path)
    with contextlib.suppress(PlayerError):
        found: Resource = await house.origin.resource(asked)
        return b"".join(found.body)
    return None


def _run(data: bytes) -> None:
    with listening() as grave:
        LOOP.all(_all(data))
    assert not grave, grave[0]


def _seeds() -> Iterator[bytes]:
    media = b"".join(video(index) for index in (0, 1))
    if len(media) < 12_000:
        yield b"\xff" + header() + media
    cut = Stream((Said(Kind.VIDEO, "video", 800_000), Said(Kind.AUDIO, "audio", 96_000)))
    cells = cut.header() + b"".join(cut.cell(index) for index in range(3))
    yield b"\xff" + cells
    yield b"\x80" + cells + cells
    parent = (("parentTrackName", "video"), ("manifestOutput", "true"))
    events = Said(Kind.TEXT, "cues", 0, more=parent)
    sparse = Stream((events,))
    yield b"\0" + sparse.header() + sparse.event(events, 90_000 * 2, b"hello")
    yield b"\x40" + other_level()
    for name in recorded.BODIES:
        body = b"".join(box.data for box in recorded.boxes(name)[:5])
        if len(body) < 16_000:
            yield b"\xff" + body
    assert D


WORDS = (b"moof", b"mdat", b"traf", b"tfhd", b"trun", b"trackName", b"systemBitrate", b"timescale")
CHANNELS = Target("channels", _run, _seeds, WORDS, longest=32 * 1024)
