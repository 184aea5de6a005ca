"""Redundant audio: the same sound in several streams is one track, and each copy a spare."""

import asyncio
import functools
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from lxml import etree

from packagers import dash, hls
from relay.arrival import Sender
from relay.channel import Channel
from relay.ingest.smooth import Session
from relay.media import Kind, Verdict
from relay.mp4.reader import BoxReader
from relay.store.memory import MemoryStore
from tests.door import RULES, send, started, verdicts
from tests.server.wire import eventually
from tests.streams import Said, Stream

LOW = Said(Kind.VIDEO, "video", 300_000)
HIGH = Said(Kind.VIDEO, "video", 900_000)
ENGLISH = Said(Kind.AUDIO, "audio_eng", 64_000, "eng")
FRENCH = Said(Kind.AUDIO, "audio_fra", 64_000, "fra")
ENG, FRA = "audio_eng-64000", "audio_fra-64000"


@dataclass
class Push:
    """A sender and what it sends."""

    channel: Channel
    sender: Sender
    stream: Stream
    session: Session = field(init=False)

    async def begin(self) -> "Push":
        self.session = Session(self.sender.stream)
        self.channel.began(self.sender)
        await self._send(self.stream.header())
        return self

    async def cells(self, *indexes: int) -> None:
        for index in indexes:
            await self._send(self.stream.cell(index))

    async def dies(self, within: int) -> None:
        """Its connection breaks when half of a fragment of each track is out."""
        await self._send(self.stream.cell(within, sixteenths=(0, 8)))
        await self.channel.ended(self.sender, clean=False)

    async def _send(self, data: bytes) -> None:
        for box in BoxReader().feed(data):
            for found in self.session.take(box):
                await send(self.channel, self.sender, found)
        await asyncio.sleep(0.001)  # the channel hears from its store


async def pushed(channel: Channel, stream: str, *tracks: Said, by: str = "a", ids: int = 1) -> Push:
    return await Push(channel, Sender(by, stream), Stream(tracks, ids)).begin()


async def on_air() -> Channel:
    """A channel whose grid is settled: some video has come."""
    channel, _ = await started(MemoryStore(), RULES)
    video = await pushed(channel, "video", Said(Kind.VIDEO, "other", 100_000))
    await video.cells(0)
    assert await eventually(lambda: channel.numbered)
    return channel


def unbroken(channel: Channel, track: str, count: int) -> bool:
    """Every index from 0 on, joined, without a gap or a discontinuity."""
    rendition = channel.presentation.rendition(track)
    segments = list(rendition.segments) if rendition else []
    joined = all(b.time == a.end for a, b in pairwise(segments))
    whole = not any(segment.gap or segment.discontinuity for segment in segments)
    return joined and whole and [segment.index for segment in segments] == list(range(count))


async def shown(channel: Channel, count: int, *tracks: str) -> None:
    wanted = [functools.partial(unbroken, channel, track, count) for track in tracks]
    assert await eventually(lambda: all(each() for each in wanted)), tracks


@pytest.mark.requirement("AUDIO-1a", "AUDIO-3a", "AUDIO-4a", "STREAM-4a")
async def test_streams_that_differ_in_their_id_only_are_one_track_in_every_document() -> None:
    channel = await on_air()
    pushes = [
        await pushed(channel, "low", LOW),
        await pushed(channel, "audio", ENGLISH),
        await pushed(channel, "audio-again", ENGLISH),
    ]
    for index in range(5):
        for push in pushes:
            await push.cells(index)
    await shown(channel, 5, "video-300000", ENG)
    assert verdicts(channel, ENG) == {"a": {Verdict.ACCEPTED: 5, Verdict.DUPLICATE: 5}}
    assert [each.name for each in channel.presentation.of(Kind.AUDIO)] == [ENG]
    assert hls.multivariant(channel.presentation).count("TYPE=AUDIO") == 1
    mpd = etree.fromstring(dash.mpd(channel.presentation))
    sets = [one for one in mpd.iter("{*}AdaptationSet") if one.get("mimeType") == "audio/mp4"]
    assert [len(list(one.iter("{*}Representation"))) for one in sets] == [1]
    await channel.close()


@pytest.mark.requirement("AUDIO-3b", "STREAM-4a")
async def test_a_stream_that_dies_leaves_the_sound_to_the_other_one() -> None:
    channel = await on_air()
    one, other = [await pushed(channel, name, ENGLISH) for name in ("audio", "audio-again")]
    await one.cells(0, 1, 2)
    await other.cells(0, 1, 2)
    await one.dies(within=3)
    await other.cells(3, 4, 5)
    await shown(channel, 6, ENG)
    await channel.close()


@pytest.mark.requirement("AUDIO-5a", "AUDIO-1b")
async def test_each_language_is_matched_with_its_own_copy() -> None:
    channel = await on_air()
    low = await pushed(channel, "low", LOW, ENGLISH, FRENCH)
    high = await pushed(channel, "high", HIGH, FRENCH, ENGLISH)
    await low.cells(0, 1)
    await high.cells(0, 1)
    await low.dies(within=2)
    await high.cells(2, 3)
    await shown(channel, 4, "video-900000", ENG, FRA)
    assert [each.name for each in channel.presentation.of(Kind.AUDIO)] == [ENG, FRA]
    for track, name in ((ENG, b"audio_eng/"), (FRA, b"audio_fra/")):
        for index in range(4):
            stored = await channel.store.get(track, 0, index)
            assert stored is not None
            assert name + b"%d/" % index in stored
    await channel.close()


@pytest.mark.requirement("AUDIO-6a", "STREAM-3a", "ENC-1a")
async def test_two_encoders_share_nothing_but_the_sound() -> None:
    """Their other tracks are others, and so are their track_IDs."""
    channel = await on_air()
    one = await pushed(channel, "one", LOW, ENGLISH, by="a")
    two = await pushed(channel, "two", HIGH, FRENCH, ENGLISH, by="b", ids=7)
    await one.cells(0, 1, 2)
    await two.cells(0, 1, 2)
    await one.dies(within=3)
    await two.cells(3, 4)
    await shown(channel, 5, "video-900000", ENG, FRA)
    assert verdicts(channel, ENG) == {
        "a": {Verdict.ACCEPTED: 3},
        "b": {Verdict.ACCEPTED: 2, Verdict.DUPLICATE: 3},
    }
    await channel.close()


@pytest.mark.requirement("AUDIO-2a")
@pytest.mark.parametrize(
    ("other", "count"),
    [
        (Said(Kind.AUDIO, "audio_eng", 64_000, "eng", src="elsewhere"), 1),
        (Said(Kind.AUDIO, "audio_eng", 64_000, "deu"), 2),
        (Said(Kind.AUDIO, "audio_eng2", 64_000, "eng"), 2),
        (Said(Kind.AUDIO, "audio_eng", 96_000, "eng"), 2),
        (Said(Kind.AUDIO, "audio_eng", 64_000, "eng", (("x_role", "commentary"),)), 2),
    ],
    ids=["src and trackID", "language", "name", "bitrate", "custom attribute"],
)
async def test_what_the_manifest_says_tells_tracks_apart(other: Said, count: int) -> None:
    channel = await on_air()
    one = await pushed(channel, "one", ENGLISH)
    two = await pushed(channel, "two", other, by="b", ids=5)
    await one.cells(0, 1)
    await two.cells(0, 1)
    assert await eventually(lambda: len(channel.presentation.of(Kind.AUDIO)) == count)
    await channel.close()


@pytest.mark.requirement("AUDIO-6b")
@pytest.mark.parametrize("lag", [0, 1, 3])
@pytest.mark.parametrize("first", [0, 1])
async def test_whichever_copy_dies_or_lags_the_sound_goes_on(first: int, lag: int) -> None:
    """One is away, comes back with its last two, then the other one is; one of them is slow."""
    channel = await on_air()
    streams = [(name, Stream([ENGLISH])) for name in ("audio", "audio-again")]
    pushes = [
        await Push(channel, Sender("ab"[at], name), s).begin()
        for at, (name, s) in enumerate(streams)
    ]
    away = {first: range(3, 7), 1 - first: range(9, 13)}
    for now in range(16 + lag):
        for at, push in enumerate(pushes):
            index = now - lag * at
            if index == away[at].start:
                await push.dies(within=index)
            elif index == away[at].stop:
                await push.begin()
                await push.cells(index - 2, index - 1, index)
            elif 0 <= index < 16 and index not in away[at]:
                await push.cells(index)
    await shown(channel, 16, ENG)
    assert [each.name for each in channel.presentation.of(Kind.AUDIO)] == [ENG]
    assert not channel.gaps
    await channel.close()
