"""Subtitles at the times at which players look for them."""

from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from packagers.cmaf import init, segment
from packagers.ttml import LONGEST, media_data, moved, smooth_data
from relay.errors import EncoderError
from relay.media import Kind, Track, TrackKey
from relay.mp4.fragment import parse_moof
from relay.mp4.iso import parse_moov
from relay.mp4.walk import Budget, children
from tests.mp4.recorded import box, moof, tfhd, tfxd, traf, trun
from tests.mp4.test_subtitles import HEAD, stpp

NS = 'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
STPP = stpp(b"http://www.w3.org/ns/ttml", b"", b"")


def track(entry: bytes) -> Track:
    key = TrackKey(Kind.TEXT, "subs", 0, "fra")
    handler = "text" if b"dfxp" in entry else "subt"
    return Track(key, 10_000_000, handler, entry, "stpp.ttml.im1t")


def document(inside: str, more: str = "", head: str = "") -> bytes:
    return f"<tt {NS} {more}>{head}<body><div>{inside}</div></body></tt>".encode()


def times(data: bytes) -> list[tuple[str, str | None, str | None]]:
    return [
        (etree.QName(each).localname, each.get("begin"), each.get("end"))
        for each in etree.fromstring(data).iter("*")
        if each.get("begin") or each.get("end")
    ]


@pytest.mark.parametrize(
    ("said", "more", "meant"),
    [
        ("00:00:01", "", "00:00:11.000"),
        ("00:00:01.5", "", "00:00:11.500"),
        ("123456:00:59.999", "", "123456:01:09.999"),
        ("2.25s", "", "00:00:12.250"),
        ("250ms", "", "00:00:10.250"),
        ("1m", "", "00:01:10.000"),
        ("1h", "", "01:00:10.000"),
        ("00:00:01:15", "", "00:00:11.500"),
        ("00:00:01:05", 'ttp:frameRate="25"', "00:00:11.200"),
        ("30f", 'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"', "00:00:11.001"),
        ("5000t", 'ttp:tickRate="10000"', "00:00:10.500"),
    ],
)
def test_every_way_to_say_a_time_is_moved(said: str, more: str, meant: str) -> None:
    made = moved(document(f'<p begin="{said}" end="{said}">x</p>', more), Fraction(10))
    assert times(made) == [("p", meant, meant)]


def test_only_what_is_outermost_is_moved() -> None:
    inside = (
        '<p begin="1s" end="3s"><span begin="1s" end="2s">x</span></p><!-- --><p end="2s">y</p>'
    )
    made = times(moved(document(inside), Fraction(10)))
    assert made == [
        ("p", "00:00:11.000", "00:00:13.000"),
        ("span", "1s", "2s"),
        ("p", "00:00:10.000", "00:00:12.000"),
    ]
    layout = '<head><layout><region begin="1s"/></layout></head>'
    made = times(moved(document('<p dur="2s">x</p>', head=layout), Fraction(10)))
    assert made == [("region", "00:00:11.000", None), ("p", "00:00:10.000", None)]
    made = times(moved(document("<p timeContainer='seq'><span dur='1s'/></p>"), Fraction(10)))
    assert made == [("p", "00:00:10.000", None)]
    made = times(moved(document('<p begin="1s" end="5s">x</p>'), Fraction(-2)))
    assert made == [("p", "00:00:00.000", "00:00:03.000")]


@pytest.mark.parametrize(
    "whole",
    [
        b"",
        b"\x89PNG",
        b"<tt",
        b"<other/>",
        b'<!DOCTYPE tt [<!ENTITY a "b">]><tt/>',
        ('<!DOCTYPE tt [<!ENTITY a "b">]>' + document("<p begin='1s'>&a;</p>").decode()).encode(
            "utf-16"
        ),
        document('<p begin="1s" ' + " ".join(f'a{at}=""' for at in range(128)) + "/>"),
        document('<p begin="noon">x</p>'),
        document('<p begin="1s">x</p>', 'ttp:timeBase="smpte"'),
        document('<p begin="1s">x</p>', 'ttp:frameRate="0"'),
        document('<p begin="1s">x</p>', 'ttp:frameRateMultiplier="1 0"'),
        document('<p begin="1s">x</p>' + " " * LONGEST),
    ],
)
def test_what_cannot_be_read_passes_as_it_came(whole: bytes) -> None:
    assert moved(whole, Fraction(1)) == whole


def stored(*documents: bytes, time: int = 20_000_000) -> bytes:
    words = [word for each in documents for word in (10_000_000, len(each))]
    head = moof(traf(tfhd(), tfxd(time, 0), trun(0x300, len(documents), *words)))
    return head + box("mdat", *documents)


LINE = document('<p begin="00:00:00.500" end="00:00:01.500">x</p>')


@pytest.mark.parametrize(
    ("entry", "epoch", "begin"),
    [
        (STPP, 0, "00:00:00.500"),
        (STPP, 3600, "01:00:00.500"),
        (box("dfxp", HEAD), 0, "00:00:02.500"),
        (box("dfxp", HEAD), 3600, "01:00:02.500"),
    ],
)
def test_a_segment_shows_its_lines_on_the_media_timeline(
    entry: bytes, epoch: int, begin: str
) -> None:
    data = stored(LINE, LINE)
    made = b"".join(segment(track(entry), data, 7, epoch))
    head, media = children(made, 0, len(made), Budget(9))
    (meaning,) = parse_moof(made[head.start : head.end]).tracks
    assert meaning.tfdt == 20_000_000 + epoch * 10_000_000
    assert list(meaning.samples.durations) == [10_000_000] * 2
    sizes = meaning.samples.sizes
    assert sum(sizes) == media.end - media.body
    for document in (made[media.body : media.body + sizes[0]], made[-sizes[1] :]):
        assert times(document)[0][1] == begin
    if not epoch and entry == STPP:
        assert made[media.body : media.end] == LINE * 2


def test_in_smooth_they_count_from_their_fragment() -> None:
    whole = stored(document('<p begin="00:00:02.500" end="00:00:03.500">x</p>'))
    made = smooth_data(track(STPP), whole)
    assert times(made[made.index(b"<?xml") :])[0] == ("p", "00:00:00.500", "00:00:01.500")
    head = made[: int.from_bytes(made[:4], "big")]
    assert parse_moof(head).tracks[0].decode_time == 20_000_000
    assert smooth_data(track(box("dfxp", HEAD)), whole) is whole
    other = replace(track(STPP), codecs="wvtt")
    assert smooth_data(other, whole) is media_data(other, whole, 5) is whole


def test_smooths_text_has_a_header_of_the_standard() -> None:
    for entry in (STPP, box("dfxp", HEAD)):
        whole = init(track(entry))
        _, movie = children(whole, 0, len(whole), Budget(2))
        (found,) = parse_moov(whole[movie.start : movie.end])
        assert (found.handler, found.sample_entry, found.language) == ("subt", STPP, "fra")
        assert b"sthd" in whole


def test_a_damaged_fragment_is_refused() -> None:
    with pytest.raises(EncoderError):
        segment(track(box("dfxp", HEAD)), stored(LINE)[:-4] + b"\0\0\0\0" * 2, 1, 0)
