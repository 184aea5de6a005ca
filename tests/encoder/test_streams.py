import pytest

from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, address, split, spread
from relay.errors import OperatorError
from relay.ingest.url import Target, parse


def ids(stamper: Stamper, grouping: Grouping, named: str | None = None) -> dict[str, list[int]]:
    found = spread(stamper, grouping, named)
    return {stream: [sent.track_id for sent in tracks] for stream, tracks in found.items()}


def test_the_three_ways_to_spread_tracks(stamper: Stamper) -> None:
    assert ids(stamper, Grouping.ALL) == {"main": [1, 2, 3]}
    assert ids(stamper, Grouping.EACH) == {
        "video-300000": [1],
        "video-100000": [2],
        "audio-64000": [3],
    }
    assert ids(stamper, Grouping.AUDIO_WITH_LOW) == {"video-300000": [1], "video-100000": [2, 3]}


def test_an_id_in_the_url_names_the_stream_or_stands_before_its_name(stamper: Stamper) -> None:
    assert list(ids(stamper, Grouping.ALL, "sat1")) == ["sat1"]
    assert list(ids(stamper, Grouping.AUDIO_WITH_LOW, "sat1")) == [
        "sat1-video-300000",
        "sat1-video-100000",
    ]


def test_without_video_every_sound_is_alone(stamper: Stamper) -> None:
    mute = Stamper(stamper.clip, stamper.tracks[2:])
    assert ids(mute, Grouping.AUDIO_WITH_LOW) == {"audio-64000": [3]}


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a:8080/news.isml", ("http://a:8080/news.isml", None, "")),
        ("https://a/live/News.ISML/", ("https://a/live/News.ISML", None, "")),
        ("http://a/n.isml/Streams(x-1)", ("http://a/n.isml", "x-1", "")),
        ("http://a/n.isml/streams(x)?k=v", ("http://a/n.isml", "x", "k=v")),
    ],
)
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


def test_the_relay_understands_where_a_stream_goes() -> None:
    url = address("http://a/news.isml", "video-1", "k=v", "enc_a")
    path, query = url.removeprefix("http://a").split("?")
    assert parse(path, query) == Target("news", "video-1", "enc_a")
