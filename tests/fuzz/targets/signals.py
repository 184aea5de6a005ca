"""Cues: sections of SCTE 35, the XML around them, and what every kind of player is told of them."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from packagers.signals import daterange, event_stream, scte35, signal, xml_signal
from packagers.signals.scte35 import SectionInvalid
from tests.fuzz.target import Target
from tests.packagers.signals import cue_messages
from tests.packagers.signals.cue_messages import CUES


def _section(data: bytes) -> None:
    """With the CRC that it has, and with the right one, or nothing would ever pass."""
    for tried in (data, _sealed(data)):
        try:
            splice = scte35.parse(tried)
        except SectionInvalid as error:
            assert str(error)
            continue
        assert tried.startswith(splice.section)
        assert splice.pts is None or 0 <= splice.pts < scte35.PTS_WRAP
        assert splice.duration is None or splice.duration >= 0
        assert scte35.parse(splice.section) == splice


def _sealed(data: bytes) -> bytes:
    size = 3 + (int.from_bytes(data[1:3], "big") & 0xFFF)
    body = (data + bytes(size))[: max(size - 4, 0)]
    return body + scte35.crc(body).to_bytes(4, "big")


def _message(data: bytes) -> None:
    """A whole event: struct, section or XML, read, merged, and told to players."""
    with contextlib.suppress(SectionInvalid):
        xml_signal.section(data)
    size = data[0] if data else 0
    messages = [data[1 : 1 + size], data[1 + size :], _sealed(data[1:])]
    lasts = int.from_bytes(data[-4:], "big")
    copy, stored = cue_messages.event(90_000 * 1_700_000_000, *messages, lasts=lasts)
    found = signal.read(CUES, copy, stored, 0)
    assert len(found) <= signal.MOST_MESSAGES
    again = signal.merged((*found, *found))
    assert again == signal.merged(found), "sent twice it is another"
    told = signal.cues(again)
    ranges = daterange.ranges(told)
    for tag in daterange.tags(told):
        for line in tag.text.splitlines():
            assert line.startswith("#EXT-X-DATERANGE:")
            assert all(" " <= c <= "~" for c in line)
    assert len(ranges) <= len(told)
    for one in again:
        box = event_stream.emsg(one, 90_000)
        assert int.from_bytes(box[:4], "big") == len(box)
        assert box[4:8] == b"emsg"
        assert one.begins >= Fraction(0)


def _cues() -> Iterator[bytes]:
    yield cue_messages.insert(1, out=True, pts=90_000, seconds=30)
    yield cue_messages.insert(2, out=False)
    yield cue_messages.cancel(3)
    yield cue_messages.time_signal(5, cue_messages.segmentation(9, 0x34, 60))
    yield cue_messages.time_signal(
        None, cue_messages.segmentation(9, 0x35), cue_messages.segmentation(1, 0x30)
    )


def _events() -> Iterator[bytes]:
    for section in _cues():
        yield bytes((len(section),)) + section
        yield b"\0" + cue_messages.struct(1, 90_000, section)
    root = etree.Element("AcquiredSignal")
    etree.SubElement(
        root, "BinaryData"
    ).text = "/DAlAAAAAAAAAP/wFAUAAAABf+/+AAAAAH4AKTLgAAAAAAAAxhZjMA=="
    yield b"\0" + etree.tostring(root)


SECTIONS = Target("sections", _section, _cues, (b"CUEI", b"\xfc\x30"), longest=1024)
EVENTS = Target("events", _message, _events, (b"<BinaryData>", b"<!DOCTYPE", b"\xfc\x30"), 2048)
