from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from packagers import cmaf, dash
from packagers.dash import Form
from packagers.dash.element import date
from relay.numbering import Grid
from relay.presentation import Presentation, Rendition, Segment
from tests.packagers.presentations import FIRST, audio, presentation, regular, rendition, video

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}

VIDEO = rendition(video())
VIDEO_LOW = rendition(video(bitrate=500_000, width=640, height=360))
AUDIO = rendition(audio())


def read(p: Presentation, *, by_time: bool = False) -> etree._Element:
    return etree.fromstring(dash.mpd(p, by_time=by_time))


def all_of(root: etree._Element, path: str) -> list[etree._Element]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [element for element in found if isinstance(element, etree._Element)]


def addressed(root: etree._Element, name: str) -> list[tuple[int, int, int]]:
    """(number, time, duration) of each segment, counted as players do (5.3.9.6.1)."""
    (template,) = all_of(root, f"//d:Representation[@id='{name}']/d:SegmentTemplate")
    number, segments, time = int(template.get("startNumber", "1")), [], 0
    for entry in all_of(template, "d:SegmentTimeline/d:S"):
        time = int(entry.get("t", str(time)))
        for _ in range(int(entry.get("r", "0")) + 1):
            duration = int(entry.get("d", "0"))
            segments.append((number, time, duration))
            number, time = number + 1, time + duration
    return segments


def listed(r: Rendition, epoch: int = 0) -> list[tuple[int, int, int]]:
    shift = epoch * r.track.timescale
    return [(s.index, s.time + shift, s.duration) for s in r.segments]


def test_the_head_says_live_and_utc() -> None:
    root = read(presentation(VIDEO, AUDIO))
    assert root.tag == f"{{{NS['d']}}}MPD"
    assert dict(root.attrib) == {
        "profiles": "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019",
        "type": "dynamic",
        "availabilityStartTime": "1970-01-01T00:00:00Z",
        "publishTime": "2026-11-18T11:06:40.250Z",
        "minimumUpdatePeriod": "PT1.920S",
        "minBufferTime": "PT1.920S",
        "timeShiftBufferDepth": "PT120S",
        "suggestedPresentationDelay": "PT5.760S",
        "maxSegmentDuration": "PT2.160S",
    }
    (period,) = all_of(root, "d:Period")
    assert dict(period.attrib) == {"id": "p0", "start": "PT0S"}
    # The order of MPD's children is fixed by its schema.
    assert [etree.QName(child).localname for child in root] == [
        "ServiceDescription",
        "Period",
        "UTCTiming",
    ]


def test_a_representation_says_what_a_player_chooses_by() -> None:
    root = read(
        presentation(AUDIO, VIDEO_LOW, rendition(video(), frame_rate=Fraction(30000, 1001)))
    )
    sets = all_of(root, "//d:AdaptationSet")
    assert [s.get("mimeType") for s in sets] == ["video/mp4", "audio/mp4"]
    first, second = all_of(sets[0], "d:Representation")
    assert dict(first.attrib) == {
        "id": "video-2000000",
        "bandwidth": "2000000",
        "codecs": "avc1.64001f",
        "width": "1280",
        "height": "720",
        "frameRate": "30000/1001",
    }
    assert (second.get("id"), second.get("frameRate")) == ("video-500000", "25")
    (sound,) = all_of(sets[1], "d:Representation")
    assert sound.get("audioSamplingRate") == "48000"
    assert sound.get("width") is None
    (layout,) = all_of(sound, "d:AudioChannelConfiguration")
    assert layout.get("value") == "2"


@pytest.mark.parametrize(("channels", "value"), [(1, "1"), (6, "6"), (8, "12")])
def test_channels_are_a_configuration_not_a_number(channels: int, value: str) -> None:
    root = read(presentation(rendition(audio(channels=channels))))
    (layout,) = all_of(root, "//d:AudioChannelConfiguration")
    assert layout.get("value") == value


@pytest.mark.requirement("ENC-6c")
def test_numbers_count_from_the_first_index_over_a_hole() -> None:
    segments = regular(video())
    segments[2] = replace(segments[2], gap=True, size=0)
    holed = rendition(video(), segments)
    root = read(presentation(holed, AUDIO))
    assert addressed(root, holed.name) == listed(holed)
    assert [number for number, _, _ in addressed(root, holed.name)] == list(range(FIRST, FIRST + 5))
    assert addressed(root, AUDIO.name) == listed(AUDIO)


@pytest.mark.requirement("FMT-6a")
def test_equal_neighbours_are_one_entry() -> None:
    root = read(presentation(VIDEO))
    (entry,) = all_of(root, "//d:S")
    assert dict(entry.attrib) == {
        "t": str(VIDEO.segments[0].time),
        "d": "172800",
        "r": "4",
    }


def test_uneven_and_unjoined_segments_keep_their_times() -> None:
    times = [(0, 100), (100, 90), (190, 110), (300, 110), (411, 110), (521, 110)]
    uneven = rendition(
        audio(timescale=100), [Segment(0, 3 + i, t, d, 1) for i, (t, d) in enumerate(times)]
    )
    root = read(presentation(uneven, epoch=50))
    assert addressed(root, uneven.name) == listed(uneven, epoch=50)
    assert [s.get("r") for s in all_of(root, "//d:S")] == [None, None, "1", "1"]


def test_nothing_is_before_1970() -> None:
    primed = rendition(audio(), [Segment(0, 0, -1024, 92_160, 1), Segment(0, 1, 91_136, 92_160, 1)])
    assert addressed(read(presentation(primed)), primed.name)[0] == (0, 0, 91_136)
    assert addressed(read(presentation(primed, epoch=1)), primed.name) == listed(primed, epoch=1)


def test_durations_of_the_head_are_rounded_up() -> None:
    p = replace(presentation(VIDEO), grid=Grid(Fraction(1001, 600)))
    assert read(p).get("minimumUpdatePeriod") == "PT1.669S"


def test_the_longest_segment_is_the_longest_that_may_come() -> None:
    """Relays that list other segments of a programme say the same of it, and it never rises."""
    short, regular_one = regular(AUDIO.track, FIRST, 2)
    uneven = [replace(short, duration=short.duration - 1024), regular_one]
    longest = [
        read(presentation(rendition(AUDIO.track, shown))).get("maxSegmentDuration")
        for shown in ([uneven[0]], uneven)
    ]
    assert longest == ["PT2.160S"] * 2
    stretched = replace(short, duration=5 * AUDIO.track.timescale)
    beyond = read(presentation(rendition(AUDIO.track, [stretched])))
    assert beyond.get("maxSegmentDuration") == "PT5S"


def test_what_is_not_known_yet_is_still_valid() -> None:
    root = read(presentation(rendition(video(bitrate=0))))
    assert all_of(root, "//d:Representation")[0].get("bandwidth") == "1"
    empty = read(presentation())
    assert empty.get("maxSegmentDuration") == "PT2.160S"
    assert all_of(empty, "d:Period")[0].get("id") == "p0"


def test_addresses_are_by_number_or_by_time() -> None:
    by_number = all_of(read(presentation(VIDEO)), "//d:SegmentTemplate")[0]
    by_time = all_of(read(presentation(VIDEO), by_time=True), "//d:SegmentTemplate")[0]
    assert by_number.get("media") == "$RepresentationID$/$Number$.m4s"
    assert by_time.get("media") == "$RepresentationID$/t$Time$.m4s"
    init = f"$RepresentationID$/{cmaf.init_name(VIDEO.track)}"
    assert by_number.get("initialization") == by_time.get("initialization") == init


def test_languages_codecs_and_names_have_sets_of_their_own() -> None:
    p = presentation(
        VIDEO,
        VIDEO_LOW,
        rendition(video(bitrate=900_000, codecs="hvc1.1.6.L93.B0")),
        AUDIO,
        rendition(audio(bitrate=64_000)),
        rendition(audio("audio_fra", language="fra")),
        rendition(audio(bitrate=384_000, codecs="ec-3", channels=6)),
    )
    sets = all_of(read(p), "//d:AdaptationSet")
    members = [[r.get("id") for r in all_of(s, "d:Representation")] for s in sets]
    assert members == [
        ["video-2000000", "video-500000"],
        ["video-900000"],
        ["audio-384000"],
        ["audio-128000", "audio-64000"],
        ["audio_fra-128000"],
    ]
    assert [s.get("lang") for s in sets] == [None, None, None, None, "fra"]
    roles = [role.get("value") for role in all_of(read(p), "//d:Role")]
    assert roles == ["main", "alternate", "main", "alternate", "alternate"]


@pytest.mark.requirement("ENC-6c")
def test_after_a_jump_of_the_index_numbers_count_from_there() -> None:
    jumped = rendition(video(), [*regular(video()), *regular(video(), FIRST + 90, 3)])
    assert addressed(read(presentation(jumped)), jumped.name) == listed(jumped)[5:]


def test_a_restarted_clock_goes_on_in_the_same_period() -> None:
    """dash.js asks for nothing more at a time that no S covers, and when a Period is replaced."""
    scale = VIDEO.track.timescale
    again = regular(video(), FIRST + 5, run=1)
    back = [replace(s, time=s.time - 3000 * scale) for s in again]
    entered = rendition(video(), [*VIDEO.segments, *back])
    root = read(replace(presentation(entered, AUDIO), epochs=(3001,)))
    (period,) = all_of(root, "d:Period")
    assert dict(period.attrib) == {"id": "p0", "start": "PT0S"}
    *before, (number, time, duration) = listed(VIDEO)
    later = [(s.index, s.time + scale, s.duration) for s in again]
    longer = (number, time, duration + scale)
    assert addressed(root, VIDEO.name) == [*before, longer, *later]
    assert addressed(root, AUDIO.name) == listed(AUDIO)


@pytest.mark.parametrize("text", ['en"\n<x/>', "\x01", "&<>", "\ud800", "é", ""])
@pytest.mark.threat("T27")
def test_what_a_sender_wrote_cannot_break_the_document(text: str) -> None:
    nasty = rendition(audio("audio", language=text, codecs=text))
    root = read(presentation(VIDEO, nasty))
    (sound,) = all_of(root, "//d:AdaptationSet[@contentType='audio']")
    assert sound.get("lang") is None
    assert all_of(sound, "d:Representation")[0].get("codecs") is None
    assert len(all_of(root, "//*")) == len(all_of(read(presentation(VIDEO, AUDIO)), "//*"))


def test_the_document_is_a_function_of_the_presentation() -> None:
    p = presentation(VIDEO, AUDIO)
    assert dash.mpd(p) == dash.mpd(replace(p))
    assert dash.mpd(p) != dash.mpd(replace(p, updated=p.updated + 1))


def test_a_change_may_be_known_before_its_first_segment() -> None:
    shown = rendition(video())
    coming = replace(presentation(shown), changes=(FIRST + 5,))
    assert dash.mpd(coming) == dash.mpd(presentation(shown))


@pytest.mark.parametrize("form", [Form.NUMBER, Form.TIME])
def test_what_is_whole_counts_from_its_first_segment_before_and_after_its_end(form: Form) -> None:
    whole = replace(presentation(VIDEO, AUDIO), changes=(FIRST + 2,), whole=True)
    live, over = (
        etree.fromstring(b"".join(dash.document(whole, form=form, static=static)[0]))
        for static in (False, True)
    )
    assert (live.get("type"), over.get("type")) == ("dynamic", "static")
    began = min(r.seconds(r.segments[0].time) for r in (VIDEO, AUDIO))
    assert live.get("availabilityStartTime") == date(began) != date(Fraction(0))
    for name in ("d:Period", "d:Period/d:AdaptationSet/d:Representation/d:SegmentTemplate"):
        one, other = (all_of(root, f"/d:MPD/{name}") for root in (live, over))
        assert [dict(each.attrib) for each in one] == [dict(each.attrib) for each in other]
    assert all_of(live, "//d:Period")[0].get("start") == "PT0S"


def test_what_is_over_begins_with_what_is_left_of_it_though_a_change_came_before() -> None:
    """The window has moved on from where the configuration changed."""
    over = replace(presentation(VIDEO, AUDIO), changes=(FIRST - 100,))
    root = etree.fromstring(b"".join(dash.document(over, static=True)[0]))
    (period,) = all_of(root, "//d:Period")
    assert period.get("start") == "PT0S"
    assert root.get("mediaPresentationDuration") == "PT9.600S"
