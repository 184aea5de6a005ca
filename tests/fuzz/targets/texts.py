"""Subtitles: TTML that is moved to the media's clock."""

from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from packagers.ttml import moved
from tests.fuzz.target import Target

TT = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '


def _run(data: bytes) -> None:
    for seconds in (Fraction(0), Fraction(1_700_000_000), Fraction(-48, 25)):
        found = moved(data, seconds)
        assert len(found) <= 4 * len(data) + 1024, "moving makes it grow"
        if found != data:
            tree = etree.fromstring(found).getroottree()
            assert tree.docinfo.internalDTD is None, "a DOCTYPE goes on to players"


def _seeds() -> Iterator[bytes]:
    timed = '<body><div><p begin="00:00:01:05" end="2s"/></div></body>'
    yield f'{TT}ttp:frameRate="25">{timed}</tt>'.encode()
    yield f'{TT}ttp:tickRate="10000000"><body begin="20000000t"><p/></body></tt>'.encode()
    yield f'{TT}ttp:frameRateMultiplier="1000 1001"><body timeContainer="seq"/></tt>'.encode()
    yield f'{TT}><head><layout><region begin="1h"/></layout></head><body dur="3s"/></tt>'.encode(
        "utf-16"
    )
    yield b'<!DOCTYPE tt [<!ENTITY a "1s">]>' + f'{TT}><body begin="&a;"/></tt>'.encode()
    told = '<!DOCTYPE tt [<!ENTITY a "1s"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    yield f'{told}{TT}><body begin="&a;"><p>&x;</p></body></tt>'.encode("utf-16")
    yield b'<?xml version="1.0" encoding="UTF-7"?>' + f"{TT}><body/></tt>".encode("utf-7")


WORDS = (
    b' begin="1s"',
    b"ttp:timeBase",
    b"<!DOCTYPE",
    b"&a;",
    b"00:00:00.000",
    b'encoding="utf-7"',
)
TEXTS = Target("texts", _run, _seeds, WORDS, longest=4096)
