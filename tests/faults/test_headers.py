"""F11, F12, F15: a second encoder comes with another header, to another URL, with other media.

While the first one delivers, what it began with counts: whoever differs from it in meaning is
refused with 412 and takes nothing away; whoever differs in form alone is as good as it.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from relay.channel import Rules
from relay.encoder.header import Channelled, header
from relay.encoder.stamp import Stamper
from relay.media import Verdict
from tests.door import Door, chunked, opened, published, request, verdicts
from tests.faults.legs import D
from tests.server.wire import Answer, Client, chunk, connected, eventually

PATH = "/news.isml/Streams({})?source={}"
Tracks = Sequence[Channelled]
Change = Callable[[Tracks], tuple[bytes, Tracks]]


def _entry(sent: Channelled, old: bytes, new: bytes) -> Channelled:
    """With other bytes in its sample entry."""
    entry = sent.track.movie.sample_entry
    assert entry.count(old) == 1
    return _movie(sent, sample_entry=entry.replace(old, new))


def _movie(sent: Channelled, **changes: object) -> Channelled:
    recorded = sent.track.recorded
    movie = replace(recorded.movie, **changes)  # type: ignore[arg-type]
    return replace(sent, track=replace(sent.track, recorded=replace(recorded, movie=movie)))


def _of(kind: str, change: Callable[[Channelled], Channelled]) -> Change:
    """The first track of a kind is changed."""

    def changed(tracks: Tracks) -> tuple[bytes, Tracks]:
        first = next(sent for sent in tracks if sent.key.kind == kind)
        told = [change(sent) if sent is first else sent for sent in tracks]
        return header(told), told

    return changed


def _level(sent: Channelled) -> Channelled:
    entry = sent.track.movie.sample_entry
    at = entry.index(b"avcC") + 4
    return _entry(sent, entry[at : at + 4], entry[at : at + 3] + bytes([entry[at + 3] + 1]))


def _parameters(sent: Channelled) -> Channelled:
    """The last byte of the PPS."""
    entry = sent.track.movie.sample_entry
    at = entry.index(b"avcC") - 4
    end = at + int.from_bytes(entry[at : at + 4], "big")
    return _movie(sent, sample_entry=entry[: end - 1] + bytes([entry[end - 1] ^ 4]) + entry[end:])


def _renumbered(tracks: Tracks) -> tuple[bytes, Tracks]:
    told = [replace(sent, track_id=sent.track_id + 7) for sent in tracks]
    return header(told), told


DIFFERS: dict[str, Change] = {
    "timescale of the picture": _of("video", lambda sent: _movie(sent, timescale=90_000)),
    "timescale of the sound": _of("audio", lambda sent: _movie(sent, timescale=90_000)),
    "timescale of 10 MHz": _of("video", lambda sent: _movie(sent, timescale=10_000_000)),
    "level": _of("video", _level),
    "parameter sets": _of("video", _parameters),
    "sampling rate": _of("audio", lambda sent: _entry(sent, b"\x11\x88", b"\x12\x08")),
    "channels": _of("audio", lambda sent: _entry(sent, b"\x11\x88", b"\x11\x90")),
}
ALIKE: dict[str, Change] = {
    "order of the tracks": lambda tracks: (header(tracks[::-1]), tracks[::-1]),
    "track_IDs": _renumbered,
    "fewer tracks": lambda tracks: (header(tracks[1:]), tracks[1:]),
    "creator of the manifest": lambda tracks: (
        header(tracks).replace(b"relay push", b"other push"),
        tracks,
    ),
    "minor version of ftyp": lambda tracks: (
        header(tracks).replace(b"isml\0\0\0\1", b"isml\0\0\2\0", 1),
        tracks,
    ),
}


@dataclass(slots=True)
class Pair:
    """A channel with an encoder that pushes over a connection of its own."""

    door: Door
    client: Client
    made: Stamper
    cell: int

    async def goes_on(self, cells: int) -> None:
        """The first one sends so many more, and all of them are published."""
        for _ in range(cells):
            await self.client.send(chunked(self.media(self.made.tracks, self.cell)))
            self.cell += 1
        track = self.made.tracks[0].key.url_name
        assert await eventually(lambda: published(self.door.channel, track)[-1:] == [self.cell - 1])

    def media(self, tracks: Tracks, cell: int) -> bytes:
        return b"".join(self.made.fragment(sent, cell) for sent in tracks)

    async def other(self, head: bytes, tracks: Tracks, stream: str = "main") -> Answer:
        """A second encoder with this header sends the cell that was the last, and one more."""
        cells = b"".join(self.media(tracks, cell) for cell in (self.cell - 1, self.cell))
        return await self.door.push(PATH.format(stream, "b"), head + cells)


async def pair(stack: AsyncExitStack, made: Stamper) -> Pair:
    door = await stack.enter_async_context(opened(rules=Rules(duration=D, window=Fraction(600))))
    door.clock.at = time.time_ns() // 1_000_000 - door.clock.utc()
    client = await stack.enter_async_context(connected(door.address))
    await client.send(request(PATH.format("main", "a")) + chunk(header(made.tracks)))
    first = Pair(door, client, made, Fraction(time.time()) // D)
    await first.goes_on(3)
    return first


@pytest.mark.fault("F11")
@pytest.mark.fault("F15")
@pytest.mark.parametrize("change", DIFFERS.values(), ids=DIFFERS)
async def test_a_header_that_means_something_else_is_refused_and_the_first_goes_on(
    made: Stamper, change: Change
) -> None:
    async with AsyncExitStack() as stack:
        first = await pair(stack, made)
        answer = await first.other(*change(made.tracks))
        assert answer.status == 412
        assert b'"INGEST_HEADER_DIFFERS"' in answer.body
        assert first.door.rejected == {"INGEST_HEADER_DIFFERS": 1}
        await first.goes_on(3)
        for sent in made.tracks:
            name = sent.key.url_name
            assert verdicts(first.door.channel, name) == {"a": {Verdict.ACCEPTED: 6}}
            assert not any(
                segment.discontinuity
                for rendition in first.door.channel.presentation.renditions
                for segment in rendition.segments
            )


@pytest.mark.fault("F11")
@pytest.mark.parametrize("change", ALIKE.values(), ids=ALIKE)
async def test_a_header_that_only_looks_otherwise_is_as_good(made: Stamper, change: Change) -> None:
    async with AsyncExitStack() as stack:
        first = await pair(stack, made)
        head, tracks = change(made.tracks)
        assert head != header(made.tracks)
        assert (await first.other(head, tracks)).status == 200
        await first.goes_on(2)
        for sent in tracks:
            found = verdicts(first.door.channel, sent.key.url_name)["b"]
            assert found == {Verdict.DUPLICATE: 1, Verdict.ACCEPTED: 1}
        assert first.door.rejected == {}


@pytest.mark.fault("F12")
async def test_the_same_programme_under_another_stream_is_a_copy_of_it(made: Stamper) -> None:
    async with AsyncExitStack() as stack:
        first = await pair(stack, made)
        assert (await first.other(header(made.tracks), made.tracks, "other")).status == 200
        await first.goes_on(2)
        renditions = first.door.channel.presentation.renditions
        assert len(renditions) == len(made.tracks)
        for sent in made.tracks:
            assert "b" in verdicts(first.door.channel, sent.key.url_name)


@pytest.mark.fault("F12")
async def test_another_channel_s_encoder_takes_nothing_away(made: Stamper) -> None:
    async with AsyncExitStack() as stack:
        first = await pair(stack, made)
        head = header(made.tracks)
        nobody = await first.door.push("/nobody.isml/Streams(main)", head)
        assert nobody.status == 404
        cells = [made.fragment(sent, first.cell - 1) for sent in made.tracks]
        foreign = b"".join(cell[:-500] + b"\xaa" * 500 for cell in cells)
        before = await _bytes(first)
        answer = await first.door.push(PATH.format("main", "b"), head + foreign)
        assert answer.status == 200
        await first.goes_on(1)
        assert (await _bytes(first))[: len(before)] == before


async def _bytes(first: Pair) -> list[bytes | None]:
    """What is stored of the first track."""
    track = first.made.tracks[0].key.url_name
    store = first.door.channel.store
    return [await store.get(track, 0, index) for index in published(first.door.channel, track)]
