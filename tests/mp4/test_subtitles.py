import pytest

from relay.mp4.subtitles import codecs, standard_entry
from tests.mp4.recorded import box

HEAD = bytes(7) + b"\1"
TTML = b"http://www.w3.org/ns/ttml\0"


def stpp(*texts: bytes, more: bytes = b"") -> bytes:
    return box("stpp", HEAD, *(text + b"\0" for text in texts), more)


def mime(text: bytes) -> bytes:
    return box("mime", bytes(4), text + b"\0")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (box("dfxp", HEAD), "stpp.ttml.im1t"),
        (stpp(TTML[:-1], b"", b""), "stpp.ttml.im1t"),
        (stpp(TTML[:-1], b"", b"image/png"), "stpp.ttml.im1i"),
        (stpp(TTML[:-1], b"s", b"font/ttf"), "stpp.ttml.im1t"),
        (stpp(b"x", b"", b"", more=mime(b"application/ttml+xml;codecs=im2t")), "stpp.ttml.im2t"),
        (stpp(b"x", b"", b"", more=mime(b'x; codecs="im1i|etd1"')), "stpp.ttml.im1i"),
        (stpp(b"x", b"", b"", more=mime(b"text/xml")), "stpp.ttml.im1t"),
        (box("stpp", HEAD, b"cut"), "stpp.ttml.im1t"),
        (box("stpp"), "stpp.ttml.im1t"),
    ],
)
def test_the_profile_is_what_the_entry_says(entry: bytes, said: str) -> None:
    assert codecs(entry) == said


def test_smooths_entry_becomes_the_standards() -> None:
    assert standard_entry(box("dfxp", HEAD)) == stpp(TTML[:-1], b"", b"")
    for entry in (stpp(b"x", b"", b""), box("wvtt", HEAD)):
        assert standard_entry(entry) == entry
