"""What encoders push, as boxes: captured, or made by hand."""

from collections.abc import Iterable

from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.reader import Box, BoxReader
from relay.mp4.smooth import LIVE_SERVER_MANIFEST
from tests.mp4.recorded import BODIES, box, boxes, moof, tfhd, traf, trun

AV = "ff9-av/req001.body"
CARRIED = [name for name in BODIES if not name.startswith("ff9-fifo")]
HEADER = boxes(AV)[:3]
MEDIA = next(
    boxes(AV)[at : at + 2] for at in range(3, 20) if boxes(AV)[at].type == "moof"
)  # a moof and its mdat


def cut(data: bytes) -> list[Box]:
    return BoxReader().feed(data)


def run(given_boxes: Iterable[Box], session: Session | None = None) -> list[Header | Fragment]:
    session = session or Session("main")
    return [found for one in given_boxes for found in session.take(one)]


def header_of(name: str = AV) -> Header:
    return next(found for found in run(boxes(name)) if isinstance(found, Header))


def fragments(name: str = AV) -> list[Fragment]:
    return [found for found in run(boxes(name)) if isinstance(found, Fragment)]


def part(kind: str) -> Box:
    return next(one for one in HEADER if one.type == kind)


def as_text(moov: bytes, handler: bytes) -> Box:
    """The moov with its audio track turned into one of another handler."""
    return cut(moov.replace(b"soun", handler))[0]


def manifest(*tracks: str) -> Box:
    text = f"<smil><body><switch>{''.join(tracks)}</switch></body></smil>"
    return cut(box("uuid", LIVE_SERVER_MANIFEST, bytes(4), text.encode()))[0]


def said(element: str, track_id: int, bitrate: int = 0, **more: str) -> str:
    inside = "".join(f'<param name="{name}" value="{value}"/>' for name, value in more.items())
    return f'<{element} trackID="{track_id}" systemBitrate="{bitrate}">{inside}</{element}>'


def media(*, track_id: int = 1, times: bytes = b"", sizes: tuple[int, ...] = (4,)) -> list[Box]:
    runs = trun(0x300, len(sizes), *(word for size in sizes for word in (100, size)))
    data = moof(traf(tfhd(track_id), times, runs))
    return cut(data + box("mdat", bytes(sum(sizes))))
