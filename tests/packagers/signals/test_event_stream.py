"""DASH: events in the MPD and in segments, at the exact tick."""

from base64 import b64decode
from dataclasses import replace
from fractions import Fraction
from struct import unpack_from

from lxml import etree

from packagers.signals.event_stream import carried, emsg, event_streams, inband_streams
from packagers.signals.signal import merged
from relay.mp4.walk import box_at
from relay.presentation import Rendition
from tests.packagers.presentations import audio, presentation, regular, rendition, video
from tests.packagers.signals.cue_messages import CUES, insert
from tests.packagers.signals.test_daterange import BACK, OUT, UTC, said

FIRST = rendition(video(), regular(video(), 0, 30))
SHOWN = presentation(FIRST, Rendition(CUES), epoch=UTC)
"""From 2026 on."""
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
SCTE = "{http://www.scte.org/schemas/35/2016}"


def events(streams: list[etree._Element]) -> list[dict[str, str]]:
    return [dict(event.attrib) for stream in streams for event in stream]


def test_an_event_stands_at_its_tick_with_its_section() -> None:
    signals = said((10, OUT), (40, BACK))
    (stream,) = event_streams(signals, SHOWN, Fraction(0), None)
    assert stream.tag == f"{MPD}EventStream"
    assert dict(stream.attrib) == {
        "schemeIdUri": "urn:scte:scte35:2014:xml+bin",
        "value": "cues",
        "timescale": "90000",
    }
    out, back = (signal.key for signal in signals)
    assert out != back
    assert events([stream]) == [
        {
            "presentationTime": str((UTC + 10) * 90_000),
            "duration": str(30 * 90_000),
            "id": str(out),
        },
        {"presentationTime": str((UTC + 40) * 90_000), "id": str(back)},
    ]
    found = [event.findtext(f"{SCTE}Signal/{SCTE}Binary") or "" for event in stream]
    assert [b64decode(text) for text in found] == [OUT, BACK]


def test_an_event_stands_in_the_period_of_its_moment_and_counts_from_its_start() -> None:
    signals = said((10, OUT), (40, BACK))
    border = Fraction(UTC + 40)
    (first,) = events(event_streams(signals, SHOWN, Fraction(0), border))
    assert first["presentationTime"] == str((UTC + 10) * 90_000)
    (second,) = events(event_streams(signals, SHOWN, border, None))
    assert second["presentationTime"] == "0"


def test_what_was_over_before_the_first_segment_is_not_listed() -> None:
    signals = said((10, OUT), (40, BACK))
    for first, count in ((20, 2), (21, 0)):  # index 20 begins at 38.4 s, 21 at 40.32 s
        shown = presentation(
            rendition(video(), regular(video(), first, 5)), Rendition(CUES), epoch=UTC
        )
        assert len(events(event_streams(signals, shown, Fraction(0), None))) == count


def test_an_opaque_one_is_not_in_the_mpd() -> None:
    (signal,) = said((10, OUT))
    assert not event_streams([replace(signal, splice=None)], SHOWN, Fraction(0), None)


def test_adaptation_sets_announce_every_sparse_track() -> None:
    shown = presentation(rendition(video()), Rendition(CUES))
    (stream,) = inband_streams(shown)
    assert dict(stream.attrib) == {"schemeIdUri": "urn:scte:scte35:2013:bin", "value": "cues"}
    assert not inband_streams(presentation(rendition(video())))


def test_the_box_tells_the_same_in_ticks_of_the_media() -> None:
    (signal,) = said((Fraction(21, 2), OUT))
    box = emsg(signal, 48_000)
    atom = box_at(box, 0, len(box))
    assert (atom.type, atom.end) == ("emsg", len(box))
    version, scale, time, lasts, number = unpack_from(">IIQII", box, atom.body)
    assert (version >> 24, scale, number) == (1, 48_000, signal.key)
    assert time == (2 * UTC + 21) * 24_000
    assert lasts == 30 * 48_000
    scheme, value, message = box[atom.body + 24 :].split(b"\0", 2)
    assert (scheme, value, message) == (b"urn:scte:scte35:2013:bin", b"cues", OUT)


def test_a_length_that_is_unknown_or_too_long_for_its_field() -> None:
    for message, scale in (
        (insert(7, out=True), 90_000),
        (insert(7, out=True, seconds=600), 10**7),
    ):
        (signal,) = said((10, message))
        assert emsg(signal, scale)[24:28] == b"\xff\xff\xff\xff"


def told(since: int, *, at: int = 60, track: Rendition | None = None) -> list[int]:
    """The indexes, from 20 on, of the segments of 1.92 s that tell of an event at 60 s."""
    shown = track or rendition(video(), regular(video(), 20, 20))
    signals = [replace(signal, seen={shown.name: since}) for signal in said((at, OUT))]
    return [s.index for s in shown.segments if carried(signals, shown, s, UTC)]


def test_segments_tell_of_what_is_near_and_was_seen_before_they_were_published() -> None:
    # 60 s lies in index 31; 15 s before lies in 23, which begins earlier; 24 begins at 46.08 s.
    assert told(-1) == list(range(24, 32))
    assert told(27) == list(range(28, 32))
    sound = rendition(audio(), regular(audio(), 20, 20))
    assert told(27, track=sound) == list(range(28, 32))


def test_what_is_seen_after_its_moment_is_told_by_the_next_segment_and_no_other() -> None:
    assert told(34) == [35]


def test_a_segment_tells_of_two_copies_of_one_event_once() -> None:
    shown = rendition(video(), regular(video(), 20, 20))
    (signal,) = (replace(one, seen={shown.name: 20}) for one in said((60, OUT)))
    other = replace(signal, arrived=signal.arrived + Fraction(1, 25))
    segment = shown.segments[10]
    assert carried([signal, other], shown, segment, UTC) == (signal,)
    assert merged([other, signal]) == (signal,)
