"""The same media, packaged by shaka-packager: what both say, and where they differ and why."""

import platform
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import etree

from tests.encoder.clips import ffmpeg, make
from tests.packagers.dash.comparison import CLIP, D, durations, inherited, packaged, said, several

PACKAGER = Path(__file__).parents[2] / "e2e/node_modules/shaka-packager/index.js"

ONLY_THEIRS = {
    "MPD@{http://www.w3.org/2001/XMLSchema-instance}schemaLocation": "names the schema",
    "AdaptationSet@id": "optional (5.3.3.2); the order of sets may change when a track comes",
    "AdaptationSet@width": "ours is with each Representation, where qualities differ",
    "AdaptationSet@height": "likewise",
    "AdaptationSet@frameRate": "likewise",
    "AdaptationSet@par": "a hint (5.3.3.2) that each Representation says itself",
    "Representation@mimeType": "ours is said once, for the set (5.3.7.2: it is inherited)",
    "Representation@sar": "1:1, which is what its absence means to players",
}
ONLY_OURS = {
    "MPD@maxSegmentDuration": "lets a player know how long it may wait for a segment (5.3.1.2)",
    "Period@start": "what leaving it out says of the first (5.3.2.1)",
    "Role": "which of several a player takes by itself",
    "Role@schemeIdUri": "likewise",
    "Role@value": "likewise",
    "AdaptationSet@mimeType": "theirs is with each Representation",
    "Representation@width": "theirs is with the set while all are equal",
    "Representation@height": "likewise",
    "Representation@frameRate": "likewise",
    "SegmentTemplate@presentationTimeOffset": "ours count from 1970",
}


def missing() -> str:
    """Why it cannot be run here; "" when it can."""
    if not PACKAGER.exists():
        return "no shaka-packager (`make players` fetches it)"
    if shutil.which("node") is None or platform.machine() not in ("x86_64", "aarch64"):
        return "shaka-packager needs node, and has binaries for x86_64 and aarch64"
    return ""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(CLIP, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def theirs(clip: Path) -> etree._Element:
    if missing():
        pytest.skip(missing())
    folder = clip.parent
    source = folder / "clip.mp4"
    ffmpeg("-i", str(clip), "-map", "0", "-c", "copy", str(source))
    tracks = [
        f"in={source},stream={n},init_segment={folder}/{n}/init.mp4,"
        f"segment_template={folder}/{n}/$Number$.m4s"
        for n in range(3)
    ]
    options = ["--segment_duration", str(float(D)), "--generate_static_live_mpd"]
    mpd = folder / "m.mpd"
    command = ["node", str(PACKAGER), *tracks, *options, "--mpd_output", str(mpd)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return etree.fromstring(mpd.read_bytes())


@pytest.fixture(scope="module")
def ours(clip: Path) -> etree._Element:
    return packaged(clip)


def test_both_use_the_same_words(theirs: etree._Element, ours: etree._Element) -> None:
    """Whatever only one of them says is listed above, with the reason.

    They say startWithSAP of sound only; of pictures it is as true: each segment begins with IDR.
    """
    assert sorted(said(theirs) - said(ours)) == sorted(ONLY_THEIRS)
    assert sorted(said(ours) - said(theirs)) == sorted(ONLY_OURS)


@pytest.mark.parametrize("name", ["mimeType", "codecs", "width", "height", "audioSamplingRate"])
def test_both_describe_tracks_alike(
    theirs: etree._Element, ours: etree._Element, name: str
) -> None:
    told = [
        sorted(str(inherited(r).get(name)).lower() for r in several(root, "//d:Representation"))
        for root in (theirs, ours)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 3


def test_both_say_the_frame_rate_and_the_channels(
    theirs: etree._Element, ours: etree._Element
) -> None:
    for root in (theirs, ours):
        rates = [inherited(r).get("frameRate") for r in several(root, "//d:Representation")]
        assert [Fraction(rate) for rate in rates if rate] == [25, 25]
        channels = several(root, "//d:AudioChannelConfiguration")
        assert [(c.get("schemeIdUri"), c.get("value")) for c in channels] == [
            ("urn:mpeg:dash:23003:3:audio_channel_configuration:2011", "1")
        ]


def test_both_put_the_same_qualities_into_one_set(
    theirs: etree._Element, ours: etree._Element
) -> None:
    for root in (theirs, ours):
        sets = {s.get("contentType"): s for s in several(root, "//d:AdaptationSet")}
        sizes = {str(kind): len(several(s, "d:Representation")) for kind, s in sets.items()}
        assert sizes == {"video": 2, "audio": 1}
        assert {s.get("segmentAlignment") for s in sets.values()} == {"true"}


def test_both_list_the_same_segments(theirs: etree._Element, ours: etree._Element) -> None:
    """Pictures are cut alike, to the tick. shaka-packager cuts sound anew, within two frames of
    where it was cut, and what is left over is a segment of its own there."""
    video = [
        sorted(
            durations(r)
            for r in several(root, "//d:Representation")
            if inherited(r)["mimeType"] == "video/mp4"
        )
        for root in (theirs, ours)
    ]
    assert video[0] == video[1] == [[D] * CLIP.cells] * 2
    sound = [
        durations(r)
        for root in (theirs, ours)
        for r in several(root, "//d:Representation")
        if inherited(r)["mimeType"] == "audio/mp4"
    ]
    assert float(sum(sound[0])) == pytest.approx(float(sum(sound[1])), abs=1e-6)
    for a, b in zip(sound[0][: CLIP.cells - 1], sound[1], strict=False):
        assert float(a) == pytest.approx(float(b), abs=2 * 1024 / 48000 + 1e-6)


def test_both_are_over_and_last_as_long_as_their_media(
    theirs: etree._Element, ours: etree._Element
) -> None:
    """Theirs is as long as the pictures; ours begins with the sound, a frame before them."""
    lasts = [float(str(root.get("mediaPresentationDuration"))[2:-1]) for root in (theirs, ours)]
    assert lasts[1] - lasts[0] == pytest.approx(float(Fraction(1024, 48000)), abs=0.001)
    assert lasts[0] == float(CLIP.seconds)
    assert {root.get("type") for root in (theirs, ours)} == {"static"}
