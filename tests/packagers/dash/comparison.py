"""One clip and the MPD that we make of it, to be held against those of other packagers.

It is presented as a push of it would be: from the same encoded samples, in the form in which an
encoder sends them.
"""

from fractions import Fraction
from pathlib import Path

from lxml import etree

from packagers import dash
from relay.ingest.smooth import Session
from relay.media import Copy, Entry, Fragment, Header
from relay.mp4.reader import BoxReader
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from tests.encoder.clips import ISML, Shape
from tests.packagers.dash.schema import complaints

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}
CLIP = Shape("clip.ismv", Fraction(25), 48, 48000, cells=4, options=ISML, rates=(300, 100))
D = CLIP.cell


def packaged(clip: Path) -> etree._Element:
    """Our MPD of the clip."""
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
    """The elements at an XPath; `d` is the namespace of MPDs."""
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


def durations(representation: etree._Element) -> list[Fraction]:
    """Seconds of each segment."""
    (template,) = several(representation, "d:SegmentTemplate")
    scale = int(template.get("timescale", "1"))
    return [
        Fraction(int(s.get("d", "0")), scale)
        for s in several(template, "d:SegmentTimeline/d:S")
        for _ in range(int(s.get("r", "0")) + 1)
    ]
