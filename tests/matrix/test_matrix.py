"""Every cell of the matrix, from a real encoder through a relay to what players get.

What is expected is read from the pushed bytes: every sample of every track, in order, at its time.
What came out is read by `boxes`, decoded by ffmpeg as an HLS and as a DASH client, and judged by
two strict readers of playlists.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from lxml import etree

from tests.e2e import boxes, strict
from tests.e2e.served import Served
from tests.matrix.cells import DIMENSIONS, Cell, cells
from tests.matrix.conftest import CELLS, Matrix, Outcome
from tests.matrix.decoding import Decoded, decode
from tests.matrix.encoding import CUES, LANGUAGES, Sent

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

KINDS = {"vide": "video", "soun": "audio"}
CODECS = {
    "baseline": "avc1.42C0..",
    "high": "avc1.6400..",
    "hev1": r"hvc1\.1\.6\.L\d+\.90",
    "hvc1-10": r"hvc1\.2\.4\.L\d+\.90",
    "aac": "mp4a.40.2",
    "aac-5.1": "mp4a.40.2",
    "ac3": "ac-3",
    "eac3": "ec-3",
    "none": "",
}
FRAME = {"aac": 1024, "aac-5.1": 1024, "ac3": 1536, "eac3": 1536}


def test_every_pair_that_can_meet_meets() -> None:
    chosen = cells(2)
    assert len(chosen) <= 30
    assert {getattr(c, d) for d in DIMENSIONS for c in chosen} == {
        value for values in DIMENSIONS.values() for value in values
    }
    triples = cells(3, tries=1)
    for one, other in combinations(DIMENSIONS, 2):
        met = {(getattr(c, one), getattr(c, other)) for c in chosen}
        assert met == {(getattr(c, one), getattr(c, other)) for c in triples}


def test_everything_pushed_is_served_at_its_time(outcome: Outcome) -> None:
    shifts = set()
    for name, sent in _matched(outcome):
        got = outcome.snapshot.renditions[name].fragments()
        assert [(f.samples, f.duration) for f in got] == [
            (f.samples, f.duration) for f in sent.fragments
        ], name
        if sent.handler in KINDS:
            assert [(f.media, f.sizes) for f in got] == [(f.media, f.sizes) for f in sent.fragments]
        tick = Fraction(1, sent.timescale)
        shifts |= {(a.time - b.time) * tick for a, b in zip(got, sent.fragments, strict=True)}
    assert len(shifts) == 1, "tracks have moved against each other"
    (shift,) = shifts
    assert shift.denominator == 1
    assert shift == 0 or outcome.cell.clock == "zero"


def test_the_mpd_names_the_same_media(outcome: Outcome) -> None:
    renditions = outcome.snapshot.renditions
    assert set(outcome.snapshot.dash) == set(renditions)
    for name, (init, media) in outcome.snapshot.dash.items():
        assert init == renditions[name].init
        assert media == list(renditions[name].segments.values())


@pytest.mark.parametrize("document", ["av.m3u8", "m.mpd"])
def test_ffmpeg_decodes_every_picture_and_every_sample(
    outcome: Outcome, matrix: Matrix, document: str
) -> None:
    found = decode(matrix.ffmpeg, outcome.snapshot.folder / document)
    expected = [
        (KINDS[sent.handler], sent.samples, _sound(outcome.cell, sent))
        for sent in outcome.push.tracks.values()
        if sent.handler in KINDS
    ]
    assert sorted((d.kind, d.frames, d.samples) for d in found) == sorted(expected)
    _begin_together(outcome, found)


def _sound(cell: Cell, sent: Sent) -> int:
    return sent.samples * FRAME[cell.audio] if sent.handler == "soun" else 0


def _begin_together(outcome: Outcome, found: Iterable[Decoded]) -> None:
    """Sound leads or follows the picture by as much as it was sent."""
    began = {d.kind: d.begin for d in found}
    sent = {KINDS[s.handler]: s for s in outcome.push.tracks.values() if s.handler in KINDS}
    if began.keys() == {"video", "audio"}:
        first, late = outcome.push.pictures
        meant = sent["audio"].begin - (first + late)
        assert abs(began["audio"] - began["video"] - meant) < Fraction(1, 1000)


@pytest.mark.parametrize("cell", [c for c in CELLS if c.text != "none"], ids=lambda c: c.name)
def test_subtitles_show_their_lines_when_they_were_meant(cell: Cell, matrix: Matrix) -> None:
    outcome = matrix.outcome(cell)
    (text,) = (r for r in outcome.snapshot.renditions.values() if r.handler == "subt")
    (sent,) = (s for s in outcome.push.tracks.values() if s.handler not in KINDS)
    (shift,) = {a.time - b.time for a, b in zip(text.fragments(), sent.fragments, strict=True)}
    zero = outcome.push.start + Fraction(shift, sent.timescale)
    spans: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for body in text.segments.values():
        for line in _documents(body):
            for p in line.iter("{*}p"):
                span = _seconds(p.get("begin")) - zero, _seconds(p.get("end")) - zero
                spans.setdefault("".join(p.itertext()), []).append(span)
    for begin, end, said in CUES:
        parts = sorted(spans[said])
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        near = Fraction(2, 1000)
        assert abs(parts[0][0] - _seconds(begin)) <= near
        assert abs(parts[-1][1] - _seconds(end)) <= near


def _documents(body: bytes) -> list[etree._Element]:
    media = b"".join(body[b.body : b.end] for b in boxes.walk(body) if b.type == "mdat")
    return [etree.fromstring(each) for each in re.split(rb"(?=<\?xml)", media) if each]


def _seconds(text: str | None) -> Fraction:
    hours, minutes, seconds = (text or "").replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def test_the_multivariant_playlist_offers_all(outcome: Outcome) -> None:
    """Each picture with each sound and the subtitles, under their codec strings."""
    cell = outcome.cell
    master = (outcome.snapshot.folder / "master.m3u8").read_text()
    variants = [line for line in master.splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    assert len(variants) == (int(cell.rates) if cell.video != "none" else 1)
    spoken = [CODECS[cell.video], CODECS[cell.audio]]
    spoken += ["stpp.ttml.im1t"] if cell.text != "none" else []
    for line in variants:
        (codecs,) = re.findall(r'CODECS="([^"]*)"', line)
        assert re.fullmatch(",".join(each for each in spoken if each), codecs), codecs
    languages = LANGUAGES[cell.languages] if cell.audio != "none" else ()
    alone = len(languages) < 2 and cell.video == "none"
    assert master.count("TYPE=AUDIO") == (0 if alone else len(languages))
    assert master.count("TYPE=SUBTITLES") == (cell.text != "none")


def test_strict_readers_accept_the_playlists(outcome: Outcome) -> None:
    if reason := strict.missing():
        pytest.skip(reason)
    assert strict.complaints(outcome.snapshot.playlists) == {}


def _matched(outcome: Outcome) -> list[tuple[str, Sent]]:
    """Each pushed track with the name under which it is served."""
    renditions = outcome.snapshot.renditions
    found = []
    for sent in outcome.push.tracks.values():
        names = [name for name, each in renditions.items() if _same(each, sent)]
        assert len(names) == 1, f"{sent.handler} is served {len(names)} times"
        found.append((names[0], sent))
    assert len({name for name, _ in found}) == len(renditions)
    return found


def _same(served: Served, sent: Sent) -> bool:
    if sent.handler not in KINDS:
        return served.handler == "subt"
    return served.fragments()[0].media == sent.fragments[0].media
