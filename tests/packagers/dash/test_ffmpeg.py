"""The same media, packaged by ffmpeg's DASH muxer: what both say, and where they differ and why.

ffmpeg encodes a clip once; its own muxer packages it, and so do we, from the same encoded samples
in the form in which an encoder would push them.
"""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import etree

from tests.encoder.clips import ffmpeg, make
from tests.packagers.dash.comparison import CLIP, D, durations, inherited, packaged, said, several

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
    return packaged(clip)


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
