"""A splice out and one in, from encoders on a sparse track to every document, at its exact time."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from struct import unpack_from

import pytest
from lxml import etree

from packagers.origin import Origin
from packagers.resource import parse
from relay.media import Kind
from relay.mp4.walk import Budget, children
from relay.store.disk import DiskStore
from tests.door import RULES, Door, opened
from tests.packagers.signals.cue_messages import insert, struct
from tests.packagers.strict_hls import Strict
from tests.server.wire import eventually
from tests.streams import Said, Stream

VIDEO = Said(Kind.VIDEO, "video", 300_000)
AUDIO = Said(Kind.AUDIO, "audio", 96_000)
CUES = Said(Kind.TEXT, "cues", 0, more=(("parentTrackName", "video"), ("manifestOutput", "true")))
TRACKS = ("video-300000", "audio-96000")
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
BEGIN = 900_000_000
"""An index of 2 s: some day in 2027."""
LAST = BEGIN + 14
OUT, BACK = insert(1026, out=True, seconds=8), insert(1026, out=False)
SPLICES = [(2 * BEGIN + 9, OUT), (2 * BEGIN + 17, BACK)]
"""In the middle of a cell, in seconds since 1970; each is announced 4 s before."""


def cue(stream: Stream, at: int, message: bytes, late: int) -> bytes:
    """The event that announces a splice; this encoder sends it so many ticks late."""
    time = (at - 4) * CUES.scale + late
    return stream.event(CUES, time, struct(1026, 4 * CUES.scale - late, message))


async def send(door: Door, source: str, *, split: bool, late: int = 0, upto: int = LAST) -> None:
    """What an encoder sends: media, cut at each splice or not, and before each splice its cue."""
    media, cues = Stream([VIDEO, AUDIO]), Stream([CUES])
    body = media.header()
    path = f"/news.isml/Streams(%s)?source={source}"
    for index in range(BEGIN, upto + 1):
        for at, message in SPLICES:
            if index * 2 == at - 5:
                door_body = cues.header() + cue(cues, at, message, late)
                assert (await door.push(path % "cues", door_body)).status == 200
        if split and any(at // 2 == index for at, _ in SPLICES):
            body += media.cell(index, sixteenths=(0, 8)) + media.cell(index, sixteenths=(8, 16))
        else:
            body += media.cell(index)
    assert (await door.push(path % "main", body)).status == 200


async def shown(door: Door) -> Origin:
    channel = door.channel
    names = [channel.presentation.rendition(name) for name in TRACKS]
    assert all(names)

    def complete() -> bool:
        found = [channel.presentation.rendition(name) for name in TRACKS]
        return all(r is not None and r.segments and r.segments[-1].index == LAST for r in found)

    assert await eventually(complete)
    return Origin({"news": channel})


async def get(origin: Origin, path: str) -> bytes:
    resource = await origin.resource(parse(f"/news.isml/{path}"))
    assert resource.status == 200
    return b"".join(bytes(part) for part in resource.body)


def date(seconds: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"


def emsgs(segment: bytes) -> list[tuple[Fraction, int, bytes]]:
    """(time, id, message) of each box in front of the moof."""
    found = []
    for atom in children(segment, 0, len(segment), Budget(20)):
        if atom.type == "moof":
            break
        assert atom.type == "emsg"
        _, scale, time, _, number = unpack_from(">IIQII", segment, atom.body)
        scheme, value, message = segment[atom.body + 24 : atom.end].split(b"\0", 2)
        assert (scheme, value) == (b"urn:scte:scte35:2013:bin", b"cues")
        found.append((Fraction(time, scale), number, message))
    return found


@pytest.mark.requirement("SPARSE-4h")
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("late", [None, 0, 300])
async def test_a_splice_is_in_every_output_once_at_its_time(split: bool, late: int | None) -> None:
    """`late`: ticks by which a second encoder sends its cue later, which is then another event."""
    async with opened() as door:
        await send(door, "a", split=split)
        if late is not None:
            await send(door, "b", split=split, late=late)
        origin = await shown(door)
        for track in TRACKS:
            text = (await get(origin, f"{track}/index.m3u8")).decode()
            tags = re.findall(r'#EXT-X-DATERANGE:ID="([^"]*)",START-DATE="([^"]*)",(.*)', text)
            start = date(SPLICES[0][0])
            assert [tag[:2] for tag in tags] == [(tags[0][0], start)] * 2
            assert [tag[2] for tag in tags] == [
                f"PLANNED-DURATION=8.000000,SCTE35-OUT=0x{OUT.hex().upper()}",
                f"DURATION=8.000000,SCTE35-IN=0x{BACK.hex().upper()}",
            ]
            assert "EXT-X-CUE" not in text

        root = etree.fromstring(await get(origin, "manifest.mpd"))
        (stream,) = root.iter(f"{MPD}EventStream")
        scale = int(stream.get("timescale", ""))
        times = [Fraction(int(event.get("presentationTime", "")), scale) for event in stream]
        assert times == [at for at, _ in SPLICES]
        texts = ["".join(str(text) for text in event.itertext()) for event in stream]
        assert [b64decode(text) for text in texts] == [message for _, message in SPLICES]
        assert len(list(root.iter(f"{MPD}InbandEventStream"))) == 2
        numbers = [int(event.get("id", "")) for event in stream]

        smooth = etree.fromstring(await get(origin, "Manifest"))
        (index,) = smooth.iterfind("StreamIndex[@Subtype='DATA']")
        chunks = list(index.iterfind("c"))
        times = [Fraction(int(c.get("t", "")), CUES.scale) for c in chunks]
        assert times == [at - 4 for at, _ in SPLICES]
        contents = [b64decode(c.findtext("f") or "") for c in chunks]
        assert contents == [struct(1026, 4 * CUES.scale, message) for _, message in SPLICES]

        for track in TRACKS:
            told = {
                index: emsgs(await get(origin, f"{track}/{index}.m4s"))
                for index in range(BEGIN, LAST + 1)
            }
            each = {one for found in told.values() for one in found}
            assert all(len(found) == len(set(found)) for found in told.values())
            assert sorted(each) == [
                (Fraction(at), number, message)
                for (at, message), number in zip(SPLICES, numbers, strict=True)
            ]
            # Announced in the fragment before; not after the moment.
            assert BEGIN + 3 in [index for index, found in told.items() if found]
            assert not any(told[index] for index in range(BEGIN + 9, LAST + 1))


async def test_a_strict_reader_takes_date_ranges_and_old_tags(strict: Strict) -> None:
    async with opened(rules=replace(RULES, cue_tags="cue")) as door:
        await send(door, "a", split=True)
        origin = await shown(door)
        texts = [(await get(origin, f"{track}/index.m3u8")).decode() for track in TRACKS]
        for read in strict(texts):
            assert "error" not in read


async def test_a_segments_bytes_do_not_change_when_an_event_comes_late() -> None:
    async with opened() as door:
        await send(door, "a", split=False)
        origin = await shown(door)
        paths = [f"{t}/{index}.m4s" for t in TRACKS for index in range(BEGIN, LAST + 1)]
        before = {path: await get(origin, path) for path in paths}
        stream = Stream([CUES])
        late = stream.event(CUES, (2 * BEGIN + 20) * CUES.scale, struct(7, 0, OUT))
        answer = await door.push("/news.isml/Streams(cues)?source=b", stream.header() + late)
        assert answer.status == 200
        assert await eventually(
            lambda: len(door.channel.presentation.events.get("cues-0", ())) == 3
        )
        assert {path: await get(origin, path) for path in paths} == before
        playlist = (await get(origin, f"{TRACKS[0]}/index.m3u8")).decode()
        assert playlist.count("#EXT-X-DATERANGE") == 3


@pytest.mark.parametrize("late", [False, True])
async def test_a_restart_changes_no_byte_of_a_segment(tmp_path: Path, late: bool) -> None:
    """`late`: two more events, one of them about what is published already."""
    paths = [f"{t}/{index}.m4s" for t in TRACKS for index in range(BEGIN, LAST + 1)]
    told: list[list[tuple[str, bytes]]] = []
    async with opened({"news": await DiskStore.open(tmp_path, "news", durable=False)}) as door:
        await send(door, "a", split=True)
        origin = await shown(door)
        if late:
            stream = Stream([CUES])
            body = stream.header()
            for at in (11, 26):
                body += stream.event(CUES, (2 * BEGIN + at) * CUES.scale, struct(7, 0, OUT))
            answer = await door.push("/news.isml/Streams(cues)?source=b", body)
            assert answer.status == 200
            assert await eventually(
                lambda: len(door.channel.presentation.events.get("cues-0", ())) == 4
            )
        found = [await origin.resource(parse(f"/news.isml/{path}")) for path in paths]
        told.append([(r.etag, b"".join(map(bytes, r.body))) for r in found])
    async with opened({"news": await DiskStore.open(tmp_path, "news", durable=False)}) as door:
        origin = await shown(door)
        found = [await origin.resource(parse(f"/news.isml/{path}")) for path in paths]
        told.append([(r.etag, b"".join(map(bytes, r.body))) for r in found])
    assert told[0] == told[1]
    assert sum(body[4:8] == b"emsg" for _, body in told[0]) > len(TRACKS)


async def test_cue_tags_of_old_where_a_channel_wants_them() -> None:
    async with opened(rules=replace(RULES, cue_tags="cue-out-in")) as door:
        await send(door, "a", split=True)
        origin = await shown(door)
        for track in TRACKS:
            text = (await get(origin, f"{track}/index.m3u8")).decode()
            after = re.findall(r"#EXT-X-CUE-(OUT|IN)(?::[0-9.]+)?\n#EXTINF[^\n]*\n(\d+)\.m4s", text)
            assert after == [("OUT", f"{BEGIN + 4}"), ("IN", f"{BEGIN + 8}")]
