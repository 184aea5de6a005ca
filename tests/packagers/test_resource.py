from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers.negotiation import byte_range
from packagers.resource import Asked, Resource, What, entity_tag, parse, problem
from relay.errors import NotFound, RangeInvalid

CANONICAL = {
    "/news.isml/master.m3u8": What.MULTIVARIANT,
    "/news.isml/manifest.mpd": What.MPD,
    "/news.isml/manifest(format=mpd-time-cmaf)": What.MPD_BY_TIME,
    "/news.isml/time": What.CLOCK,
    "/news.isml/video-2000/index.m3u8": What.PLAYLIST,
    "/news.isml/video-2000/init-0123abcd.mp4": What.INIT,
    "/news.isml/video-2000/920400000.m4s": What.SEGMENT,
    "/news.isml/video-2000/0.m4s": What.SEGMENT,
}
ALIASES = {
    "/news.isml/.m3u8": "/news.isml/master.m3u8",
    "/news.isml/manifest(format=m3u8-cmaf)": "/news.isml/master.m3u8",
    "/news.isml/manifest": "/news.isml/Manifest",
    "/news.isml/Manifest(Format=m3u8-aapl)": "/news.isml/master.m3u8",
    "/news.isml/.mpd": "/news.isml/manifest.mpd",
    "/news.isml/manifest(format=mpd-time-csf)": "/news.isml/manifest(format=mpd-time-cmaf)",
    "/news.ISML/master.m3u8": "/news.isml/master.m3u8",
    "/news.Isml/video-2000/7.m4s": "/news.isml/video-2000/7.m4s",
    "/live/eu/news.isml/.m3u8": "/live/eu/news.isml/master.m3u8",
    "/live/news.ISML/v-1/index.m3u8": "/live/news.isml/v-1/index.m3u8",
}


@pytest.mark.parametrize("path", CANONICAL)
def test_a_canonical_path_is_its_own_location(path: str) -> None:
    asked = parse(path)
    assert asked.what is CANONICAL[path]
    assert asked.channel == "news"
    assert f"/news.isml/{asked.path}" == path
    assert asked.location(asked.path) == ""


@pytest.mark.parametrize("path", ALIASES)
def test_an_alias_refers_to_its_canonical_path(path: str) -> None:
    asked = parse(path)
    assert urljoin(f"http://relay.example{path}", asked.location(asked.path)) == (
        f"http://relay.example{ALIASES[path]}"
    )


def test_tracks_and_numbers_are_read() -> None:
    assert parse("/a.isml/Video_1-2000/4294967295.m4s") == Asked(
        "a", What.SEGMENT, "Video_1-2000/4294967295.m4s", ".isml", "Video_1-2000", 4294967295
    )
    at = parse("/a.isml/v-1/t17672256000000000.m4s")
    assert (at.what, at.number) == (What.SEGMENT_AT, 17672256000000000)
    assert parse("/a.isml/v-1/init-00ff.mp4").init == "init-00ff.mp4"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "news.isml/master.m3u8",
        "/news.isml",
        "/news.isml/",
        "/news/master.m3u8",
        "/.isml/master.m3u8",
        "/..isml/master.m3u8",
        "/../news.isml/master.m3u8",
        "/./news.isml/master.m3u8",
        "//evil.example/news.isml/master.m3u8",
        "/%2e%2e/news.isml/master.m3u8",
        "/news.isml//master.m3u8",
        "/news.isml/../master.m3u8",
        "/news.isml/../../etc/passwd",
        "/news.isml/video-1/../../etc/passwd",
        "/news.isml/video-1/..%2f7.m4s",
        "/news.isml/../7.m4s",
        "/news.isml/video 1/7.m4s",
        "/news.isml/vid\xe9o-1/7.m4s",
        "/news.isml/vide\u0301o-1/7.m4s",
        "/news.isml/video-1/7.m4s\n",
        "/news.isml/video-1/\u0667.m4s",
        "/news.isml/video-1/-1.m4s",
        "/news.isml/video-1/007.m4s",
        "/news.isml/video-1/4294967296.m4s",
        "/news.isml/video-1/t18446744073709551616.m4s",
        "/news.isml/video-1/99999999999999999999999.m4s",
        "/news.isml/video-1/init-.mp4",
        "/news.isml/video-1/init-a/b.mp4",
        "/news.isml/video-1/",
        "/news.isml/master.m3u8\0",
        "/news.isml/master.m3u8\r\nX: y",
        "/ne\0ws.isml/master.m3u8",
        "/a(b).isml/master.m3u8",
        "/news.isml/QualityLevels(2000000)",
        "/news.isml/QualityLevels(2000000)/Fragments(video=x)",
        "/news.isml/QualityLevels(2000000)/Fragments(video=0)/",
        "/news.isml/Streams(a)",
        "/" + "a" * 65 + ".isml/master.m3u8",
        "/" + "a/" * 600 + "news.isml/master.m3u8",
    ],
)
@pytest.mark.threat("T35")
def test_what_is_no_path_of_ours_is_not_found(path: str) -> None:
    with pytest.raises(NotFound) as caught:
        parse(path)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 140


pieces = st.sampled_from(
    [
        *["/", "/", "/", "..", ".", "a", "news", ".isml", ".ISML", "%2f", "time", "\0", "é"],
        *["7.m4s", "t7.m4s", "init-a.mp4", "index.m3u8", "master.m3u8", ".m3u8", ".mpd"],
        "manifest(format=m3u8-cmaf)",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces, max_size=12).map("".join)))
def test_every_text_is_a_path_or_not_found(path: str) -> None:
    try:
        asked = parse(path)
    except NotFound:
        return
    # What is accepted is plain, and its canonical spelling means the same.
    again = parse(f"/{asked.channel}.isml/{asked.path}")
    assert (again.what, again.track, again.number, again.init) == (
        asked.what,
        asked.track,
        asked.number,
        asked.init,
    )
    assert ".." not in asked.path
    assert asked.path.isascii()


BODY = b"0123456789"
WHOLE = Resource(
    (BODY[:4], memoryview(BODY)[4:4], memoryview(BODY)[4:]), "x/y", "c", etag='"e"', ranged=True
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", (0, 3)),
        ("bytes=4-", (4, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)),
        ("bytes=9-9999", (9, 9)),
        ("Bytes=1-1", (1, 1)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("bytes=" + ",".join(["0-1"] * 20_000), None),
        ("bytes=" + "9" * 5_000 + "-", None),
        ("lines=0-1", None),
        ("bytes=\u0661-", None),
        ("bytes", None),
    ],
)
@pytest.mark.threat("T35")
def test_one_range_is_served_and_anything_odd_is_ignored(
    header: str, expected: tuple[int, int] | None
) -> None:
    assert byte_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_outside_is_refused(header: str) -> None:
    with pytest.raises(RangeInvalid):
        byte_range(header, 10)
    refused = WHOLE.under(wanted=header)
    assert (refused.status, refused.extent, refused.etag) == (416, "bytes */10", "")


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_cut_is_the_same_bytes_however_the_body_is_parted(first: int, last: int) -> None:
    assert b"".join(WHOLE.cut(first, last)) == BODY[first : last + 1]


def test_a_cut_copies_nothing() -> None:
    big = bytes(1000)
    (part,) = Resource((big,), "x/y", "c").cut(10, 20)
    assert isinstance(part, memoryview)
    assert part.obj is big


@pytest.mark.parametrize("header", ['"e"', '"a", "e"', 'W/"e"', "*"])
def test_a_known_validator_needs_no_body(header: str) -> None:
    answer = WHOLE.under(none_match=header, wanted="bytes=0-1")
    assert (answer.status, answer.body, answer.etag) == (304, (), '"e"')


@pytest.mark.parametrize("header", ["", '"a"', "e", '"E"'])
def test_another_validator_gets_the_body(header: str) -> None:
    assert WHOLE.under(none_match=header) is WHOLE


def test_if_range_holds_for_the_validator_alone() -> None:
    assert WHOLE.under(wanted="bytes=0-1", if_range='"e"').status == 206
    for other in ('"a"', 'W/"e"', "Wed, 18 Nov 2026 11:06:40 GMT"):
        assert WHOLE.under(wanted="bytes=0-1", if_range=other) is WHOLE


def test_a_document_has_no_ranges() -> None:
    assert Resource((BODY,), "x/y", "c", etag='"e"').under(wanted="bytes=0-1").status == 200


def test_validators_tell_contents_apart() -> None:
    tags = [entity_tag(b"a"), entity_tag(b"b"), entity_tag((1, 23)), entity_tag((12, 3))]
    assert len(set(tags)) == len(tags)
    assert entity_tag(b"ab") == entity_tag(memoryview(b"ab"))
    assert all(tag[0] == tag[-1] == '"' for tag in tags)


def test_a_problem_says_what_and_what_to_do() -> None:
    answer = problem(NotFound("It is gone.", hint="Go on."))
    assert answer.status == 404
    assert answer.media_type == "application/problem+json"
    assert answer.cache == "no-store"
    assert b"".join(answer.body) == (
        b'{"type": "about:blank", "title": "Not Found", "status": 404, '
        b'"code": "PLAYBACK_NOT_FOUND", "detail": "It is gone.", "hint": "Go on."}'
    )
