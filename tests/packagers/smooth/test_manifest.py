import base64
from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from packagers.smooth import manifest
from packagers.smooth.streams import show
from packagers.timeline import Timeline
from relay.presentation import Presentation, Rendition
from tests.mp4.recorded import box
from tests.mp4.test_codecs import audio as audio_entry
from tests.packagers.presentations import FIRST, presentation, regular, rendition
from tests.packagers.smooth.tracks import PPS, SPS, markers, picture, sound

HIGH, LOW = picture(), picture(bitrate=500_000, width=640, height=360)
SOUND = sound()
LADDER = presentation(*(rendition(t, regular(t, count=10)) for t in (HIGH, LOW, SOUND)))
STEP = 19_200_000


def read(
    p: Presentation, events: Mapping[str, list[tuple[int, int, bytes]]] | None = None
) -> etree._Element:
    shown = show(p)
    timelines: dict[str, Timeline] = {}
    for stream in shown.media:
        rows = timelines[stream.name] = manifest.timeline(stream.track.timescale)
        rows.follow(stream.segments, stream.start, stream.stop, p.epoch_of)
    parts, _ = manifest.manifest(p, shown.media, shown.signals, events or {}, timelines)
    return etree.fromstring(b"".join(parts))


def listed(stream: etree._Element) -> list[tuple[int, int]]:
    """Time and duration of each fragment, counted as clients do (2.2.2.6)."""
    found: list[tuple[int, int]] = []
    for c in stream.findall("c"):
        begins = c.get("t")
        time = int(begins) if begins is not None else sum(found[-1]) if found else 0
        duration = int(c.get("d", "0"))
        for _ in range(int(c.get("r", "1"))):
            found.append((time, duration))
            time += duration
    assert len(found) == int(stream.get("Chunks", "0"))
    return found


def test_the_head_says_live() -> None:
    root = read(LADDER)
    assert root.tag == "SmoothStreamingMedia"  # no namespace (2.2.2)
    assert dict(root.attrib) == {
        "MajorVersion": "2",
        "MinorVersion": "2",
        "TimeScale": "10000000",
        "Duration": "0",
        "IsLive": "TRUE",
        "LookAheadFragmentCount": "2",
        "DVRWindowLength": "1200000000",
    }
    assert [child.get("Type") for child in root] == ["video", "audio"]


def test_what_has_ended_is_on_demand_and_listed_to_its_last() -> None:
    root = read(replace(LADDER, ended=True))
    assert dict(root.attrib) == {
        "MajorVersion": "2",
        "MinorVersion": "2",
        "TimeScale": "10000000",
        "Duration": str(10 * STEP),
    }
    assert [len(listed(stream)) for stream in root] == [10, 10]
    assert listed(root[0])[0] == listed(read(LADDER)[0])[0]


def test_a_ladder_of_video() -> None:
    stream = read(LADDER)[0]
    assert dict(stream.attrib) == {
        "Type": "video",
        "Name": "video",
        "TimeScale": "10000000",
        "Chunks": "8",
        "QualityLevels": "2",
        "MaxWidth": "1280",
        "MaxHeight": "720",
        "DisplayWidth": "1280",
        "DisplayHeight": "720",
        "Url": "QualityLevels({bitrate})/Fragments(video={start time})",
    }
    first, second = stream.findall("QualityLevel")
    assert dict(first.attrib) == {
        "Index": "0",
        "Bitrate": "2000000",
        "FourCC": "H264",
        "MaxWidth": "1280",
        "MaxHeight": "720",
        "CodecPrivateData": f"00000001{SPS.hex()}00000001{PPS.hex()}".upper(),
    }
    assert (second.get("Index"), second.get("Bitrate")) == ("1", "500000")
    # Qualities stand before fragments (2.2.2.3).
    assert [child.tag for child in stream] == ["QualityLevel", "QualityLevel", "c"]


def test_audio_says_all_that_is_required_of_it() -> None:
    shown = presentation(rendition(sound(language="fra")))
    (stream,) = read(shown)
    assert stream.get("Language") == "fra"
    assert not {"MaxWidth", "DisplayWidth", "Subtype"} & set(stream.attrib)
    (quality,) = stream.findall("QualityLevel")
    assert dict(quality.attrib) == {
        "Index": "0",
        "Bitrate": "128000",
        "FourCC": "AACL",
        "SamplingRate": "48000",
        "Channels": "2",
        "BitsPerSample": "16",
        "PacketSize": "4",
        "AudioTag": "255",
        "CodecPrivateData": "1190",
    }


def test_what_is_required_is_there_when_it_is_empty() -> None:
    entry = audio_entry("ac-3", box("dac3", bytes(3)))
    (stream,) = read(presentation(rendition(sound(sample_entry=entry, codecs="ac-3"))))
    assert stream.findall("QualityLevel")[0].get("CodecPrivateData") == ""


def test_equal_fragments_are_one_element_and_times_are_said_where_they_do_not_follow() -> None:
    (entry,) = read(LADDER)[0].findall("c")
    begins = FIRST * STEP
    assert dict(entry.attrib) == {"t": str(begins), "d": str(STEP), "r": "8"}
    uneven = regular(HIGH, count=8)
    uneven[1] = replace(uneven[1], duration=STEP - 5)
    uneven[3] = replace(uneven[3], gap=True)
    (stream,) = read(presentation(rendition(HIGH, uneven)))
    assert [dict(c.attrib) for c in stream.findall("c")] == [
        {"t": str(begins), "d": str(STEP)},
        {"d": str(STEP - 5)},
        {"t": str(begins + 2 * STEP), "d": str(STEP), "r": "4"},
    ]
    assert listed(stream) == [(s.time, s.duration) for s in uneven[:6]]


def test_times_count_from_1970_and_no_time_is_without_a_fragment() -> None:
    first, *others = regular(HIGH, count=6)
    second = [replace(s, run=1, time=s.time - 100 * STEP) for s in others]
    shown = replace(presentation(rendition(HIGH, [first, *second])), epoch=5, epochs=(205,))
    (stream,) = read(shown)
    (at, lasts), (then, _), *_ = listed(stream)
    assert at == first.time + 5 * 10**7
    assert at + lasts == then == second[0].time + 205 * 10**7


def test_events_are_in_it() -> None:
    shown = presentation(rendition(HIGH), Rendition(markers()))
    content = b"\xfc0\x11\0"
    root = read(shown, {"scte35-0": [(7, 0, content), (90, 3, b"")]})
    stream = root[-1]
    assert dict(stream.attrib) == {
        "Type": "text",
        "Name": "scte35",
        "Subtype": "DATA",
        "TimeScale": "10000000",
        "Chunks": "2",
        "QualityLevels": "1",
        "ParentStreamIndex": "video",
        "ManifestOutput": "TRUE",
        "Url": "QualityLevels({bitrate})/Fragments(scte35={start time})",
    }
    assert [dict(c.attrib) for c in stream.findall("c")] == [
        {"t": "7", "d": "0"},
        {"t": "90", "d": "3"},
    ]
    (first,) = stream.findall("c")[0]
    assert (first.tag, first.get("i")) == ("f", "0")
    assert base64.b64decode(first.text or "") == content
    assert stream.findall("QualityLevel")[0].get("Index") == "0"


def test_what_a_sender_wrote_cannot_break_the_document() -> None:
    nasty = sound('"><!--text:0--> \x01', language='en"\n<x/>')
    root = read(presentation(rendition(HIGH), rendition(nasty)))
    assert [child.get("Type") for child in root] == ["video", "audio"]
    assert all(len(listed(stream)) == 3 for stream in root)
