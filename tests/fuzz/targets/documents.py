"""Playlists, MPDs and Smooth manifests of timelines that dice have made.

Not parsed but built: bytes decide about tracks (names, languages, timescales), and then entry by
entry what comes: a segment, a gap, a new run, a jump, another configuration, the end. At every look
the documents have to say the same as the presentation, by readers that are not ours.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import m3u8
from lxml import etree

from packagers import dash, hls
from packagers.dash import Timelines
from packagers.origin.documents import Documents
from packagers.resource import parse
from packagers.smooth import manifest as smooth
from packagers.smooth.streams import show
from relay.errors import PlayerError
from relay.media import Copy, Entry, Gap, Track, TrackKey
from relay.numbering import Grid
from relay.presentation import Presentation, configure, fold, register
from tests.fuzz.dice import Dice
from tests.fuzz.target import Target
from tests.packagers.dash import schema
from tests.packagers.smooth.tracks import picture, sound

_SCALES = (1, 1000, 48_000, 90_000, 10_000_000)
_DURATIONS = (Fraction(2), Fraction(48, 25), Fraction(1001, 500), Fraction(1), Fraction(6))
_NAMES = ("video", "a.b", "audio_eng", "x" * 60, "1", "V-1")
_LANGUAGES = ("und", "en", "de-CH", "zzz-zzzzzzzz-zzzzzzzz", "x", "123")
_ENTRIES = 60


def _track(dice: Dice) -> Track:
    made = picture() if dice.yes() else sound()
    key = TrackKey(
        made.key.kind,
        dice.one(_NAMES),
        dice.number(4),
        dice.one(_LANGUAGES),
        (("my_own", dice.text(8)),) if dice.yes() else (),
    )
    codecs = dice.text(12) if dice.yes() else made.codecs
    return replace(made, key=key, timescale=dice.one(_SCALES), codecs=codecs, width=dice.number(2))


def _run(data: bytes) -> None:
    dice = Dice(data)
    grid = Grid(dice.one(_DURATIONS))
    shown = Presentation("news", grid, Fraction(10 + dice.below(100)), epoch=dice.number(4))
    shown = replace(shown, epochs=tuple(shown.epoch + 100_000 * at for at in range(1, 16)))
    for _ in range(1 + dice.below(3)):
        track = _track(dice)
        shown = register(shown, track, track.key.bitrate)
    kept, timelines = Documents(), Timelines()
    run, index = 0, dice.number(2)
    for _ in range(_ENTRIES):
        if not dice.left:
            break
        deed = dice.below(16)
        if deed == 0 and run < 15:
            run += 1
            shown = replace(shown, breaks=(*shown.breaks, index))
        elif deed == 1:
            index += dice.below(5000)
        elif deed == 2 and shown.renditions:
            old = dice.one(shown.renditions).track
            shown = configure(shown, replace(old, height=old.height + 2), index)
        for rendition in shown.renditions:
            shown = fold(shown, _entry(dice, grid, rendition.track, run, index))
        index += 1
        if deed > 11:
            _look(shown, kept, timelines)
    _look(shown, kept, timelines)
    _look(replace(shown, ended=True), kept, timelines)


def _entry(dice: Dice, grid: Grid, track: Track, run: int, index: int) -> Entry:
    time, end = (grid.start(at, track.timescale) for at in (index, index + 1))
    broken = bool(run) and dice.below(8) == 0
    if dice.below(8) == 1:
        gap = Gap(track.name, run, index, time, max(end - time, 1), 0)
        return Entry(gap, discontinuity=broken)
    lasts = max(end - time - dice.below(2), 1)
    copy = Copy(track.name, run, index, time, lasts, 1 + dice.below(50), "a", 0, dice.number(3))
    return Entry(copy, discontinuity=broken)


def _look(shown: Presentation, kept: Documents, timelines: Timelines) -> None:
    for form in dash.Form:
        parts, _ = dash.document(shown, form=form, static=shown.ended, timelines=timelines)
        if any(rendition.segments for rendition in shown.renditions):
            told = schema.complaints(b"".join(parts))
            assert not told, told
    for rendition in shown.renditions:
        if rendition.segments:
            _playlist(shown, rendition.name, kept)
    text = hls.multivariant(shown)
    assert all(line.isprintable() for line in text.splitlines())
    m3u8.loads(text)
    streams = show(shown)
    rows = {}
    for stream in streams.media:
        rows[stream.name] = smooth.timeline(stream.track.timescale)
        rows[stream.name].follow(stream.segments, stream.start, stream.stop, shown.epoch_of)
    parts, _ = smooth.manifest(shown, streams.media, streams.signals, {}, rows)
    root = etree.fromstring(b"".join(parts))
    for element in root.iter("StreamIndex"):
        chunks = sum(int(c.get("r", "1")) for c in element.iter("c"))
        assert chunks == int(element.get("Chunks", "-1"))


def _playlist(shown: Presentation, name: str, kept: Documents) -> None:
    """The media playlist, kept from look to look, says what the window says."""
    rendition = shown.rendition(name)
    assert rendition is not None
    asked = parse(f"/news.isml/{name}/index.m3u8")
    try:
        text = b"".join(kept.find(asked, shown, rendition).body).decode()
    except PlayerError:
        return
    fresh = b"".join(Documents().find(asked, shown, rendition).body).decode()
    assert text == fresh, "what was kept says something else than what is made anew"
    lines = text.splitlines()
    assert all(line.isprintable() for line in lines)
    parsed = m3u8.loads(text)
    indexes = [int(line.partition(".")[0]) for line in lines if line.endswith(".m4s")]
    first = parsed.media_sequence
    assert indexes == list(range(first, first + len(indexes))), "numbers do not count"
    assert indexes[-1] == rendition.segments[-1].index
    gaps = [at for at, segment in enumerate(parsed.segments) if segment.gap_tag]
    told = rendition.segments[-len(indexes) :]
    assert gaps == [at for at, segment in enumerate(told) if segment.gap]
    assert text.count("#EXT-X-ENDLIST") == shown.ended


def _seeds() -> Iterator[bytes]:
    for seed in range(12):
        yield random.Random(seed).randbytes(60 + 30 * seed)


DOCUMENTS = Target("documents", _run, _seeds, longest=1024)
