from dataclasses import replace

import pytest
from lxml import etree

from packagers.origin import Origin
from packagers.origin.waiting import Waiting
from relay.media import Kind, Track, TrackKey
from relay.mp4.compose import Timing
from relay.mp4.compose import fragment as compose
from relay.mp4.samples import Samples
from relay.presentation import Rendition
from relay.store.memory import MemoryStore
from tests.e2e import boxes
from tests.packagers.player import Answer, Channel, ask
from tests.packagers.presentations import (
    FIRST,
    copy_of,
    payload,
    presentation,
    regular,
    rendition,
    stored,
)
from tests.packagers.smooth.tracks import marker, markers, picture, sound

HIGH, LOW, SOUND = picture(), picture(bitrate=500_000), sound()
MARKERS = markers()
TFRF = bytes.fromhex("d4807ef2ca3946958e5426cb9e46a79f")
COUNT = 10
SEGMENTS = regular(HIGH, count=COUNT)
LISTED = COUNT - 2
EVENTS = (
    marker(MARKERS, SEGMENTS[1].time + 100, FIRST + 1, 0, len(stored(SEGMENTS[0]))),
    marker(MARKERS, SEGMENTS[3].time, FIRST + 3, 5, len(stored(SEGMENTS[1]))),
)


@pytest.fixture
async def channel() -> Channel:
    store = MemoryStore()
    holed = [*SEGMENTS]
    holed[4] = replace(holed[4], gap=True, size=0)
    lines = {HIGH: SEGMENTS, LOW: holed, SOUND: regular(SOUND, count=COUNT)}
    for track, segments in lines.items():
        for segment in [*regular(track, FIRST - 3, 3), *segments]:
            if not segment.gap:
                await store.put(copy_of(track, segment), [stored(segment)])
    for copy, content in zip(EVENTS, (SEGMENTS[0], SEGMENTS[1]), strict=True):
        await store.put(copy, [stored(content)])
    shown = presentation(*(rendition(t, line) for t, line in lines.items()), Rendition(MARKERS))
    return Channel(replace(shown, events={MARKERS.name: EVENTS}), store)


@pytest.fixture
def origin(channel: Channel) -> Origin:
    return Origin({"news": channel})


async def fetch(origin: Origin, time: int, noun: str = "Fragments", **other: object) -> Answer:
    bitrate, stream = other.get("bitrate", 2_000_000), other.get("stream", "video")
    return await ask(origin, f"/news.isml/QualityLevels({bitrate})/{noun}({stream}={time})")


async def test_the_manifest(origin: Origin) -> None:
    got = await ask(origin, "/news.isml/Manifest")
    assert got.status == 200
    assert got.headers["content-type"] == "text/xml"
    assert got.headers["cache-control"] == "public, max-age=1"
    root = etree.fromstring(got.body)
    assert [s.get("Name") for s in root] == ["video", "audio", "scte35"]
    assert root[2].xpath("string(c[1]/f)") != root[2].xpath("string(c[2]/f)") != ""
    again = await ask(origin, "/news.isml/manifest", if_none_match=got.headers["etag"])
    assert again.status == 304
    assert again.headers["content-location"] == "../news.isml/Manifest"


async def test_the_manifest_follows_the_presentation(origin: Origin, channel: Channel) -> None:
    before = await ask(origin, "/news.isml/Manifest")
    later = [rendition(t, regular(t, FIRST + 1, COUNT)) for t in (HIGH, SOUND)]
    channel.presentation = presentation(*later)
    after = await ask(origin, "/news.isml/Manifest")
    assert after.headers["etag"] != before.headers["etag"]
    begins = etree.fromstring(after.body).xpath("string(StreamIndex[1]/c[1]/@t)")
    assert begins == str(SEGMENTS[1].time)


@pytest.mark.parametrize("count", [1, 5])
async def test_there_is_no_manifest_with_too_few_fragments(count: int) -> None:
    """dash.js reads it once, and buffers nothing for ever when it lists less than four."""
    shown = presentation(rendition(HIGH, regular(HIGH, count=count)))
    channel = Channel(shown, MemoryStore())
    origin = Origin({"news": channel})
    got = await ask(origin, "/news.isml/Manifest")
    assert got.problem["code"] == "PLAYBACK_NOT_YET"
    channel.presentation = replace(shown, window=4 * shown.grid.D)
    got = await ask(origin, "/news.isml/Manifest")
    assert got.status == (404 if count == 1 else 200)


async def test_every_listed_fragment_announces_those_that_follow(origin: Origin) -> None:
    for number in range(LISTED):
        got = await fetch(origin, SEGMENTS[number].time)
        assert got.status == 200
        assert got.headers["content-type"].startswith("video/mp4")
        assert "immutable" in got.headers["cache-control"]
        (made,) = boxes.fragments(got.body)
        assert made.time == SEGMENTS[number].time
        assert got.body.endswith(payload(SEGMENTS[number]))
        told = got.body[got.body.index(TFRF) :]
        assert told[20] == 2
        for at, segment in enumerate(SEGMENTS[number + 1 : number + 3]):
            entry = told[21 + 16 * at : 37 + 16 * at]
            assert int.from_bytes(entry[:8], "big") == segment.time
            assert int.from_bytes(entry[8:], "big") == segment.duration


async def test_nouns_say_which_part(origin: Origin) -> None:
    time = SEGMENTS[2].time
    whole, head, media = [
        (await fetch(origin, time, noun)).body
        for noun in ("Fragments", "FragmentInfo", "RawFragments")
    ]
    assert media == payload(SEGMENTS[2])
    assert [b.type for b in boxes.walk(head)] == ["moof"]
    assert whole == head + (8 + len(media)).to_bytes(4, "big") + b"mdat" + media


@pytest.mark.parametrize("off", [-4, -2, 2, 4, 10_000])
async def test_a_time_that_javascript_has_rounded_is_understood(origin: Origin, off: int) -> None:
    got = await fetch(origin, SEGMENTS[2].time + off, stream="VIDEO")
    exact = f"QualityLevels(2000000)/Fragments(video={SEGMENTS[2].time})"
    assert got.headers["content-location"] == f"../../news.isml/{exact}"
    assert got.body == (await fetch(origin, SEGMENTS[2].time)).body


@pytest.mark.parametrize("number", [LISTED, LISTED + 1, LISTED + 2, LISTED + 1000])
async def test_ahead_of_the_list_is_412_and_empty(origin: Origin, number: int) -> None:
    got = await fetch(origin, SEGMENTS[0].time + number * SEGMENTS[0].duration)
    assert (got.status, got.body) == (412, b"")
    assert got.headers["cache-control"] == "public, max-age=1"


async def test_what_has_ended_is_there_to_its_last_and_nothing_follows(
    origin: Origin, channel: Channel
) -> None:
    channel.presentation = replace(channel.presentation, ended=True)
    assert b"IsLive" not in (await ask(origin, "/news.isml/Manifest")).body
    last = await fetch(origin, SEGMENTS[-1].time)
    assert last.status == 200
    assert TFRF not in last.body
    assert (await fetch(origin, SEGMENTS[-1].end)).status == 404


async def test_what_has_ended_soon_is_listed_too(origin: Origin, channel: Channel) -> None:
    few = (rendition(t, regular(t, FIRST, 2)) for t in (HIGH, SOUND))
    channel.presentation = presentation(*few)
    assert (await ask(origin, "/news.isml/Manifest")).status == 404
    channel.presentation = replace(channel.presentation, ended=True)
    assert (await ask(origin, "/news.isml/Manifest")).status == 200


@pytest.mark.parametrize(
    ("time", "other"),
    [
        (SEGMENTS[2].time + 20_000, {}),
        (SEGMENTS[2].time - 20_000, {}),
        (SEGMENTS[0].time - 10 * SEGMENTS[0].duration, {}),
        (0, {}),
        (SEGMENTS[2].time, {"bitrate": 1}),
        (SEGMENTS[2].time, {"stream": "other"}),
        (SEGMENTS[2].time, {"noun": "KeyFrames"}),
        (SEGMENTS[2].time, {"stream": "scte35", "bitrate": 0}),
    ],
)
async def test_what_is_not_there_is_404(
    origin: Origin, time: int, other: dict[str, object]
) -> None:
    noun = str(other.pop("noun", "Fragments"))
    got = await fetch(origin, time, noun, **other)
    assert got.problem["code"] == "PLAYBACK_NOT_FOUND"
    assert got.headers["cache-control"] == "no-store"


async def test_what_has_just_left_the_window_is_served(origin: Origin) -> None:
    gone = regular(HIGH, FIRST - 2, 1)[0]
    got = await fetch(origin, gone.time + 2)
    assert got.status == 200
    assert got.body.endswith(payload(gone))
    (made,) = boxes.fragments(got.body)
    assert made.time == gone.time
    assert got.body[got.body.index(TFRF) + 20] == 2


async def test_a_hole_of_one_quality_holds_nothing(origin: Origin) -> None:
    got = await fetch(origin, SEGMENTS[4].time, bitrate=500_000)
    (made,) = boxes.fragments(got.body)
    assert (made.samples, made.time) == (0, SEGMENTS[4].time)
    assert got.headers["cache-control"] == "public, max-age=1"


async def test_fragments_point_at_the_latest_event(origin: Origin) -> None:
    seen = []
    for number in range(5):
        got = await fetch(origin, SEGMENTS[number].time)
        seen.append(got.headers["content-type"].removeprefix("video/mp4"))
    first, second = (copy.time for copy in EVENTS)
    pointed = [f';ChildTrack="scte35={time}"' for time in (first, second)]
    assert seen == ["", "", pointed[0], pointed[1], pointed[1]]
    other = await fetch(origin, SEGMENTS[4].time, stream="audio", bitrate=128_000)
    assert other.headers["content-type"] == "audio/mp4"


async def test_events_are_fragments_that_point_at_the_one_before(origin: Origin) -> None:
    got = await fetch(origin, EVENTS[0].time, stream="scte35", bitrate=0)
    assert got.body.endswith(payload(SEGMENTS[0]))
    assert got.headers["content-type"] == "application/mp4"
    assert TFRF not in got.body
    got = await fetch(origin, EVENTS[1].time, stream="scte35", bitrate=0)
    assert got.headers["content-type"] == f'application/mp4;ChildTrack="scte35={EVENTS[0].time}"'


async def test_what_is_stored_and_damaged_is_not_sent(channel: Channel) -> None:
    store = MemoryStore()
    for segment in SEGMENTS:
        await store.put(copy_of(HIGH, segment), [bytes(len(stored(segment)))])
    origin = Origin({"news": Channel(channel.presentation, store)})
    got = await fetch(origin, SEGMENTS[2].time)
    assert got.problem["code"] == "PLAYBACK_NOT_FOUND"


async def test_one_that_is_about_to_be_there_is_waited_for(
    origin: Origin, channel: Channel
) -> None:
    """A client that is short of media asks at once for what it has been told of."""
    waiting = Waiting(origin, {"news": channel}, longest=0.2)
    next_one = f"/news.isml/QualityLevels(2000000)/Fragments(video={SEGMENTS[LISTED].time})"
    assert (await ask(waiting, next_one)).status == 412
    longer = [rendition(t, regular(t, count=COUNT + 1)) for t in (HIGH, SOUND)]

    class Coming:
        looks = 0

        @property
        def presentation(self) -> object:
            self.looks += 1
            if self.looks == 3:
                channel.presentation = presentation(*longer)
            return channel.presentation

    waiting = Waiting(origin, {"news": Coming()})  # type: ignore[dict-item]
    assert (await ask(waiting, next_one)).status == 200


async def test_a_hole_that_lasts_no_time_is_not_in_the_way() -> None:
    """An encoder whose fragments are twice as long as they should be leaves such holes."""
    regular_ones = regular(HIGH, count=14)
    kept = [
        replace(s, time=s.time + s.duration, duration=0, gap=True) if n % 2 else s
        for n, s in enumerate(regular_ones)
    ]
    kept = [replace(s, duration=2 * s.duration) for s in kept]
    store = MemoryStore()
    for segment in kept[::2]:
        await store.put(copy_of(HIGH, segment), [stored(segment)])
    origin = Origin({"news": Channel(presentation(rendition(HIGH, kept)), store)})
    got = await ask(origin, "/news.isml/Manifest")
    (stream,) = etree.fromstring(got.body)
    first, *others = [dict(c.attrib) for c in stream.findall("c")]
    lasts = {"d": str(kept[0].duration)}
    assert first == {"t": str(kept[0].time)} | lasts
    assert others == [lasts] * 5
    assert stream.get("Chunks") == "6"
    got = await fetch(origin, kept[4].time)
    assert got.body.endswith(payload(kept[4]))
    told = got.body[got.body.index(TFRF) :]
    entries = [int.from_bytes(told[at : at + 8], "big") for at in (21, 37)]
    assert entries == [kept[6].time, kept[8].time]


async def test_subtitles_count_from_their_fragment() -> None:
    """What is stored counts from the media's zero."""
    entry = (8).to_bytes(4, "big") + b"stpp"
    track = Track(TrackKey(Kind.TEXT, "subs", 1000), 1000, "subt", entry, "stpp")
    store, cells = MemoryStore(), regular(track, 0, 8)
    for cell in cells:
        at = cell.time // 1000
        words = (
            '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
            f'<p begin="00:00:{at + 1:02}.000" end="00:00:{at + 2:02}.000">a</p></div></body></tt>'
        ).encode()
        samples = Samples([cell.duration], [len(words)], [0], [0])
        data = compose(1, 1, samples, Timing(cell.time, cell.duration), [words])
        await store.put(replace(copy_of(track, cell), size=len(data)), [data])
    shown = presentation(rendition(track, cells))
    got = await fetch(
        Origin({"news": Channel(shown, store)}), cells[5].time, stream="subs", bitrate=1000
    )
    assert b'<p begin="00:00:00.400" ' in got.body  # 10 s, less the 9.6 at which it begins
