"""Ingest URLs: every spelling that encoders use, and none that a name could hide in."""

import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import IngestUrl
from relay.ingest.url import Target, parse


@pytest.mark.fault("F41")
@pytest.mark.requirement("HTTP-0")
@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/ingest.isml/streams(720p)", "720p"),
        ("/0a1b2c3d/ingest.isml/Streams(720p)", "720p"),
        ("/server/deep/ingest.isml/Streams(Encoder1)", "Encoder1"),
        ("/ingest.isml/Streams(15864-stream0)", "15864-stream0"),
        ("/ingest.isml/Streams(video-2000Kbps.cmfv)", "video-2000Kbps.cmfv"),
        ("/ingest.ISML/STREAMS(A)", "A"),
        ("/ingest.isml/Streams(a)/", "a"),
        ("/ingest.isml/Streams%28a%29", "a"),
        ("/ingest.isml", None),
        ("/ingest.isml/", None),
    ],
)
def test_spellings_of_a_stream(path: str, stream: str | None) -> None:
    assert parse(unquote(path)) == Target("ingest", stream, None)


@pytest.mark.parametrize("query", ["Streams(main)", "streams(main)", "Streams%28main%29"])
def test_the_stream_may_stand_in_the_query(query: str) -> None:
    assert parse("/ingest.isml", query).stream == "main"


def test_the_path_has_precedence_over_the_query() -> None:
    assert parse("/ingest.isml/Streams(a)", "Streams(b)").stream == "a"


@pytest.mark.parametrize("query", ["source=enc_a", "x=1&source=enc_a", "Streams(s)&source=enc%5fa"])
def test_a_source_is_named_in_the_query(query: str) -> None:
    assert parse("/ingest.isml/Streams(s)", query) == Target("ingest", "s", "enc_a")


def test_events_are_a_setting() -> None:
    path = "/live.isml/Events(1585232182)/Streams(stream0)"
    assert parse(path, events=True) == Target("live", "stream0", None)
    with pytest.raises(IngestUrl, match="Events"):
        parse(path)
    with pytest.raises(IngestUrl):
        parse("/live.isml/Streams(a)/Events(b)", events=True)


@pytest.mark.parametrize(
    "stream",
    [
        *("..%2f..%2f..%2fetc%2fcron.d%2fx", "%2e%2e", ".", "", "a%00b", "a%0d%0aX", "a%0a"),
        *("é%cc%81", "%c3%a9", "e%cc%81", "a(b", "a)b", "a/b", "a%5cb", " a", "a b", "-a", "_a"),
        *("a" * 65, "a" * 10_000, "%F0%9F%8E%A5", "a%3Fb", "a%23b", 'a"b', "<a>", "a;b"),
    ],
)
@pytest.mark.threat("T06")
def test_a_stream_id_that_is_not_plain_is_refused(stream: str) -> None:
    with pytest.raises(IngestUrl) as caught:
        parse(unquote(f"/news.isml/Streams({stream})"))
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()
    with pytest.raises(IngestUrl):
        parse("/news.isml/Streams(a)", f"source={stream}")


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/news", "news.isml/Streams(a)", "/news.ism/Streams(a)", "/.isml/Streams(a)"),
        *("//evil.com/x.isml/Streams(a)", "/a//x.isml/Streams(a)", "/a?b/x.isml/Streams(a)"),
        *("/x.isml/Streams(a)(b)", "/x.isml/Streams(a)/Streams(b)", "/x.isml/Streams", "/x.isml/a"),
        *("/x.isml/Streams(a)/more", "/x.isml//Streams(a)", "/x.isml/ Streams(a)", "/x.isml\n"),
        *("/..isml/Streams(a)", "/x y.isml/Streams(a)", "/a\0.isml/Streams(a)"),
        # a long s is an s to a careless comparison without case
        *("/x.i\u017fml/Streams(a)", "/x.isml/\u017ftreams(a)", "/x.isml/Stream\u017f(a)"),
    ],
)
@pytest.mark.threat("T06")
def test_what_is_no_ingest_url(path: str) -> None:
    with pytest.raises(IngestUrl) as caught:
        parse(path)
    assert caught.value.status == 400
    assert caught.value.hint


def test_names_that_only_look_odd_are_names() -> None:
    assert parse("/CON.isml/Streams(NUL)") == Target("CON", "NUL", None)
    assert parse("/a.isml.isml/Streams(a..b)") == Target("a.isml", "a..b", None)
    assert parse(f"/{'p' * 64}.isml/Streams({'s' * 64})").point == "p" * 64


@pytest.mark.parametrize(
    "path", ["/a.isml" * 290, "/" + ".isml" * 400, "/a" * 1000, "/x.isml/Streams(" + "(" * 2000]
)
def test_no_path_holds_the_loop(path: str) -> None:
    began = time.process_time()
    with pytest.raises(IngestUrl):
        parse(path[:2048])
    assert time.process_time() - began < 0.05


@given(st.text(max_size=60), st.text(max_size=30))
@pytest.mark.threat("T06")
def test_only_plain_names_come_out(text: str, query: str) -> None:
    for path in (text, f"/{text}.isml/Streams({text})", f"/news.isml{text}"):
        try:
            target = parse(path, query, events=True)
        except IngestUrl:
            continue
        for name in (target.point, target.stream, target.source):
            assert name is None or (name.isascii() and name.replace("-", "_")[0].isalnum())
            assert name is None or not set(name) & set("/\\()\r\n\0 \"'<>&?#%")
