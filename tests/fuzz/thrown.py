"""What a storm throws: requests and bodies that were sound, changed.

Bodies come in sound requests, on streams of their own or on that of the good encoder, under its
name or under another; so they meet the grammar, the merge and the packagers, and each other.
"""

import time

from relay.media import Kind
from tests.door import chunked, header, request, video
from tests.fuzz.mutator import Mutator
from tests.streams import Said, Stream

GETS = (
    *(
        "master.m3u8",
        "manifest.mpd",
        "Manifest",
        "state",
        "pins",
        "time",
        "manifest(format=m3u8-cmaf)",
    ),
    *("video-120000/index.m3u8?_HLS_skip=YES", "video-120000/1.m4s", "video-120000/t5.m4s"),
    "QualityLevels(120000)/Fragments(video=17950000000000000)",
)


class Requests:
    """Mutated requests. Valid ones to begin with: everything that the two ports answer."""

    def __init__(self, seed: int) -> None:
        self._mutator = Mutator(seed)
        head = b"Host: relay\r\nAccept-Encoding: gzip\r\nRange: bytes=0-99\r\n\r\n"
        post = b"POST /api/v1/channels/news/prefer HTTP/1.1\r\nHost: localhost\r\n"
        self._valid = [
            *(b"GET /news.isml/" + leaf.encode() + b" HTTP/1.1\r\n" + head for leaf in GETS),
            b"HEAD /open.isml/master.m3u8 HTTP/1.1\r\n" + head,
            b"OPTIONS /open.isml/Manifest HTTP/1.1\r\n" + head,
            request("/news.isml/Streams(storm)", length=0),
            request("/news.isml/Streams(storm)", "Authorization: Bearer nobody") + b"0\r\n\r\n",
            request("/news.isml/Streams(storm)", 'Authorization: Digest username="a", nonce="1-2"'),
            request("/open.isml/Streams(storm)?source=storm") + chunked(header(), 300),
            *(b"GET " + leaf + b" HTTP/1.1\r\n" + head for leaf in (b"/ui/", b"/api/v1/status")),
            post + b'Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"source": "abc"}',
        ]

    def one(self) -> bytes:
        first = self._mutator.of(self._mutator.random.choice(self._valid))
        if self._mutator.random.random() < 0.1:  # another one behind it, as smugglers do
            first += self._mutator.of(self._mutator.random.choice(self._valid))
        return first


class Bodies:
    """Malformed bodies in sound requests, on streams of their own or on the encoder's."""

    def __init__(self, seed: int) -> None:
        self._mutator = Mutator(seed)
        both = (Said(Kind.VIDEO, "video", 120_000), Said(Kind.AUDIO, "audio", 96_000))
        made = Stream(both)
        parent = (("parentTrackName", "video"), ("manifestOutput", "true"))
        said = Said(Kind.TEXT, "cues", 0, more=parent)
        sparse = Stream((said,))
        now = int(time.time()) // 2
        self._valid = [
            header() + video(0)[:4000],
            made.header() + made.cell(now),
            made.header() + made.cell(5) + made.cell(6),
            sparse.header() + sparse.event(said, now * 180_000, b"\xfc0 and so on"),
            made.header(),
        ]

    def one(self) -> bytes:
        chance = self._mutator.random
        body = self._mutator.of(chance.choice(self._valid), 6)
        stream = chance.choice(("main", "audio", f"s{chance.randrange(40)}"))
        source = chance.choice(
            ("", "?source=storm", "?source=a", f"?source=x{chance.randrange(99)}")
        )
        point = "news" if chance.random() < 0.1 else "open"
        path = f"/{point}.isml/Streams({stream}){source}"
        if chance.random() < 0.3:
            return request(path, length=len(body)) + body
        return request(path) + chunked(body, chance.choice((97, 4000))) + b"0\r\n\r\n"
