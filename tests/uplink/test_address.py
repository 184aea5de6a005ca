import pytest

from relay.errors import OperatorError
from relay.ingest.url import Target, parse
from relay.uplink.address import address, split


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a:8080/news.isml", ("http://a:8080/news.isml", None, "")),
        ("https://a/live/News.ISML/", ("https://a/live/News.ISML", None, "")),
        ("http://a/n.isml/Streams(x-1)", ("http://a/n.isml", "x-1", "")),
        ("http://a/n.isml/streams(x)?k=v", ("http://a/n.isml", "x", "k=v")),
    ],
)
@pytest.mark.requirement("HTTP-6a", role="client")
def test_ingest_urls(url: str, parts: tuple[str, str | None, str]) -> None:
    assert split(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        *("", "news.isml", "ftp://a/n.isml", "http://a/n.mp4", "http://a/n.isml/Streams(a b)"),
        *("http://a/n.isml/Events(1)/Streams(x)", "http://a/n.isml/Streams()"),
    ],
)
def test_what_is_no_ingest_url(url: str) -> None:
    with pytest.raises(OperatorError):
        split(url)


@pytest.mark.requirement("HTTP-0", role="client")
def test_the_relay_understands_where_a_stream_goes() -> None:
    url = address("http://a/news.isml", "video-1", "k=v", "enc_a")
    path, query = url.removeprefix("http://a").split("?")
    assert parse(path, query) == Target("news", "video-1", "enc_a")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("a/n.isml", "http://"),
        ("http://a/n", ".isml"),
        ("http://a/n.isml/Events(1)/Streams(x)", "Streams(ID)"),
    ],
)
def test_what_is_missing_is_said(url: str, word: str) -> None:
    with pytest.raises(OperatorError) as caught:
        split(url)
    assert word in caught.value.hint.partition(" For example")[0]
