"""What players asked for is counted, under labels that no stranger can make."""

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from packagers.origin.counting import Counted

SERVED = Response(b"12345", 206)


@pytest.mark.parametrize(
    ("path", "channel", "kind"),
    [
        ("/news.isml/master.m3u8", "news", "hls"),
        ("/news.isml/.m3u8", "news", "hls"),
        ("/news.isml/video-1/index.m3u8?_HLS_skip=YES", "news", "hls"),
        ("/news.isml/manifest(format=m3u8-cmaf)", "news", "hls"),
        ("/NEWS.ISML/x", "unknown", "other"),
        ("/news.isml/manifest.mpd", "news", "dash"),
        ("/news.isml/manifest(format=mpd-time-cmaf)", "news", "dash"),
        ("/news.isml/Manifest", "news", "smooth"),
        ("/news.isml/QualityLevels(1)/Fragments(video=0)", "news", "media"),
        ("/news.isml/video-1/7.m4s", "news", "media"),
        ("/news.isml/video-1/init-abc.mp4", "news", "init"),
        ("/news.isml/state", "news", "other"),
        ("/evil.isml/7.m4s", "unknown", "media"),
        ("/", "unknown", "other"),
    ],
)
def test_kinds_and_channels(path: str, channel: str, kind: str) -> None:
    counted = Counted(SERVED, {"news"})
    assert TestClient(counted).get(path).content == b"12345"
    assert counted.requests == {(channel, kind, 206): 1}
    assert counted.sizes == {(channel, kind): 5}
