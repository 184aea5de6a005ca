"""The same media, packaged by ffmpeg's DASH muxer: what both say, and where they differ and why.

ffmpeg encodes a clip once; its own muxer packages it, and so do we, from the same encoded samples
in the form in which an encoder would push them.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import etree

from packagers import dash
from relay.ingest.smooth import Session
from relay.media import Copy, Entry, Fragment, Header
from relay.mp4.reader import BoxReader
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from tests.encoder.clips import ISML, Shape, ffmpeg, make
from tests.packagers.dash.schema import complaints

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}
CLIP = Shape("clip.ismv", Fraction(25), 48, 48000, cells=4, options=ISML, rates=(300, 100))
D = CLIP.cell

ONLY_THEIRS = {
    "AdaptationSet@lang": "und, which is what leaving it out says",
    "ServiceDescription": "empty; ours tells a latency, and only of what is live",
    "ServiceDescription@id": "likewise",
    "MPD@{http://www.w3.org/2001/XMLSchema-instance}schemaLocation": "names the schema",
    "AdaptationSet@id": "optional (5.3.3.2); the order of sets may change when a track comes",
    "AdaptationSet@maxWidth": "a hint (5.3.3.2) that each Representation says itself",
    "AdaptationSet@maxHeight": "likewise",
    "AdaptationSet@par": "likewise",
    "AdaptationSet@frameRate": "ours is with each Representation",
    "Representation@mimeType": "ours is said once, for the set (5.3.7.2: it is inherited)",
    "Representation@sar": "1:1, which is what its absence means to players",
    "ProgramInformation": "who made it: nobody's business",
    "AdaptationSet@bitstreamSwitching": "one init segment for all: ours has one each",
}
ONLY_OURS = {
    "Role": "which of several a player takes by itself",
    "Role@schemeIdUri": "likewise",
    "Role@value": "likewise",
    "Representation@frameRate": "theirs is with the set",
    "AdaptationSet@mimeType": "theirs is with each Representation",
    "SegmentTemplate@presentationTimeOffset": "ours count from 1970",
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(CLIP, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def theirs(clip: Path) -> etree._Element:
    folder = clip.parent / "dash"
    folder.mkdir()
    mpd = folder / "m.mpd"
    ffmpeg(
        *("-i", str(clip), "-map", "0", "-c", "copy", "-f", "dash"),
        *("-seg_duration", str(float(D)), "-use_timeline", "1", "-use_template", "1"),
        *("-adaptation_sets", "id=0,streams=v id=1,streams=a", str(mpd)),
    )
    return etree.fromstring(mpd.read_bytes())


@pytest.fixture(scope="module")
def ours(clip: Path) -> etree._Element:
    mpd = b"".join(dash.document(presented(clip), static=True)[0])
    assert complaints(mpd) == []
    return etree.fromstring(mpd)


def presented(clip: Path) -> Presentation:
    """The presentation that a push of the clip would make."""
    shown = Presentation("clip", Grid(D), Fraction(120), epoch=1_795_000_320)
    session = Session("clip")
    reader = BoxReader()
    for box in reader.feed(clip.read_bytes()):
        for found in session.take(box):
            if isinstance(found, Header):
                for told in found.tracks:
                    shown = register(shown, told.track, told.track.key.bitrate)
            else:
                shown = fold(shown, Entry(copied(found)))
    return shown


def copied(fragment: Fragment) -> Copy:
    scale = fragment.track.timescale
    index = Grid(D).index(fragment.time, fragment.duration, scale)
    sizes = fragment.sample_count, "a", 0, fragment.size
    return Copy(fragment.track.name, 0, index, fragment.time, fragment.duration, *sizes)


def several(root: etree._Element, path: str) -> list[etree._Element]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, etree._Element)]


def said(root: etree._Element) -> set[str]:
    """Every element and attribute that a document uses."""
    names = set()
    for element in root.iter("{*}*"):
        name = etree.QName(element).localname
        names |= {name, *(f"{name}@{key}" for key in element.attrib)}
    return names


def inherited(representation: etree._Element) -> dict[str, str]:
    """What holds for a Representation, its own or of its set (5.3.7)."""
    parent = representation.getparent()
    assert parent is not None
    both: dict[str, str] = {}
    for attributes in (parent.attrib, representation.attrib):
        both |= {str(k): str(v) for k, v in attributes.items()}
    return both


def by_shape(root: etree._Element) -> Mapping[tuple[str, str], etree._Element]:
    """Representations by kind and codec string, which differs with each quality's profile."""
    found = several(root, "//d:Representation")
    return {(inherited(r)["mimeType"], r.get("bandwidth", "")): r for r in found}


def test_both_use_the_same_words(theirs: etree._Element, ours: etree._Element) -> None:
    """Whatever only one of them says is listed above, with the reason."""
    assert sorted(said(theirs) - said(ours)) == sorted(ONLY_THEIRS)
    assert sorted(said(ours) - said(theirs)) == sorted(ONLY_OURS)


@pytest.mark.parametrize(
    "name", ["mimeType", "codecs", "width", "height", "audioSamplingRate", "frameRate"]
)
def test_both_describe_tracks_alike(
    theirs: etree._Element, ours: etree._Element, name: str
) -> None:
    told = []
    for root in (theirs, ours):
        each = (str(inherited(r).get(name)) for r in several(root, "//d:Representation"))
        # Hexadecimal digits in either case (RFC 6381 3.3); a rate of 25 or 25/1 (5.3.7.2).
        told.append(sorted(value.lower().removesuffix("/1") for value in each))
    assert told[0] == told[1]
    assert len(told[0]) == 3


def test_both_say_how_many_channels(theirs: etree._Element, ours: etree._Element) -> None:
    told = [
        [c.get("value") for c in several(root, "//d:AudioChannelConfiguration")]
        for root in (theirs, ours)
    ]
    assert told[0] == told[1] == ["1"]


def durations(representation: etree._Element) -> list[Fraction]:
    (template,) = several(representation, "d:SegmentTemplate")
    scale = int(template.get("timescale", "1"))
    return [
        Fraction(int(s.get("d", "0")), scale)
        for s in several(template, "d:SegmentTimeline/d:S")
        for _ in range(int(s.get("r", "0")) + 1)
    ]


def test_both_list_the_same_segments(theirs: etree._Element, ours: etree._Element) -> None:
    """ffmpeg cuts sound anew, within frames of where it was cut, and the last frame has a segment
    of its own there."""
    lists = [
        sorted(durations(r) for r in several(root, "//d:Representation")) for root in (theirs, ours)
    ]
    frames = Fraction(3 * 1024, 48000)
    for one, other in zip(*lists, strict=True):
        assert len(other) == CLIP.cells
        assert abs(sum(one) - sum(other)) <= frames
        for a, b in zip(one[:-1], other[:-1], strict=False):
            assert abs(a - b) <= frames


def test_both_last_as_long(theirs: etree._Element, ours: etree._Element) -> None:
    """Theirs is cut to a tenth of a second; ours begins where the audio does, before the video."""
    lasts = [
        float(re.fullmatch(r"PT(?:\d+M)?([\d.]+)S", str(root.get("mediaPresentationDuration")))[1])  # type: ignore[index]
        for root in (theirs, ours)
    ]
    assert lasts[0] == pytest.approx(lasts[1], abs=0.15)
    assert {root.get("type") for root in (theirs, ours)} == {"static"}
