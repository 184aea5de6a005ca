"""Paths, queries and fields of requests: what they name is plain, whatever was asked."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urljoin

from packagers import pins
from packagers.negotiation import accepts_gzip, byte_range
from packagers.resource import Resource, parse
from relay.courier.answer import retry_after
from relay.errors import ControlRefused, IngestUrl, NotFound, RangeInvalid, quoted
from relay.ingest import url
from relay.media import Pin
from relay.monitor import files, guard
from relay.store import filename
from tests.fuzz.target import Target

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def _run(data: bytes) -> None:
    parts = (data.decode("utf-8", errors="replace") + "\n\n\n").split("\n")
    path, query, field = unquote("/" + parts[0]), parts[1], parts[2]
    _playback(path, query)
    _ingest(path, query)
    _fields(field)
    assert all(" " <= c <= "~" for c in quoted(path))
    assert ";" not in files.policy(field, 80).replace("; ", "")
    try:
        guard.check({"content-type": "application/json", "host": field}, {"relay"})
    except ControlRefused:
        pass
    else:
        assert re.fullmatch(r"[A-Za-z0-9.:\[\]]+", field), "a Host that is no address of ours"


def _playback(path: str, query: str) -> None:
    try:
        asked = parse(path, query)
    except NotFound as error:
        assert error.message.isascii()
        return
    assert url.NAME.fullmatch(asked.channel)
    assert ".." not in asked.rest.split("/")
    where = asked.location(asked.path)
    if where:
        assert "\r" not in where
        assert "\n" not in where
        base = f"http://relay{path}" if path.isascii() else "http://relay/a.isml/b"
        assert urljoin(base, where).startswith("http://relay/")


def _ingest(path: str, query: str) -> None:
    try:
        target = url.parse(path, query, events=True)
    except IngestUrl as error:
        assert error.message.isascii()
        return
    for name in (target.point, target.stream, target.source):
        assert name is None or url.NAME.fullmatch(name)
    url.folders(path)


def _fields(field: str) -> None:
    accepts_gzip(field)
    assert retry_after(field, NOW) >= 0
    try:
        found = byte_range(field, 1000)
    except RangeInvalid:
        found = None
    if found is not None:
        assert 0 <= found[0] <= found[1] < 1000
    whole = Resource((b"abc", b"defg"), "video/mp4", "", etag='"e"', ranged=True)
    asked = whole.under(none_match=field, wanted=field, if_range="")
    assert asked.status in (200, 206, 304, 416)


def _names(data: bytes) -> None:
    """Names in the store: of any text a safe one, and back."""
    text = data.decode("utf-8", errors="replace")
    for made in (filename.folder_name(text), filename.escape(text)):
        assert re.fullmatch(r"[A-Za-z0-9._=+-]*", made)
    assert not filename.folder_name(text).startswith("."), "hidden, or a parent"
    if "+" not in text:
        assert filename.unescape(filename.escape(text)) == text
    read = filename.read_member_name("t", text)
    if read is not None:
        member, seq, crc = read
        again = filename.read_member_name("t", filename.member_name(member, seq, crc))
        assert again == read, "written again it is another"
    filename.read_pin_name(text)
    pin = Pin(text, data)
    assert filename.read_pin_body(filename.pin_body(pin)) == pin


def _peer(data: bytes) -> None:
    """What another relay says of itself."""
    try:
        found = pins.read(data)
    except ValueError:
        return
    for pin in found:
        assert pin.value.isascii()
    if found:
        facts = {pin.name: pin.value for pin in found}
        assert pins.unlike(facts, found) == ""


def _asked() -> Iterator[bytes]:
    for path in (
        "news.isml/master.m3u8\n_HLS_skip=YES\nbytes=0-1",
        "a/b/news.isml/video-1/12.m4s\n\nbytes=-5",
        "news.isml/video-1/t12.m4s\n\n127.0.0.1:8081",
        "news.isml/QualityLevels(1)/Fragments(video=12)\n\n[::1]",
        "news.isml/pins\n\nFri, 01 Jan 2027 00:00:09 GMT",
        "NEWS.ISML/manifest(format=mpd-time-cmaf)\n\ngzip;q=0, *",
        'token/news.isml/Events(a)/Streams(main)\nsource=enc_a&token=x\n"e"',
        "news.isml\nStreams(main)\nlocalhost",
        'news.isml/video-1/init-0123456789ab.mp4\n\nW/"e"',
        "%2e%2e/news%2eisml/%53treams(a)\n%53treams(a)",
    ):
        yield path.encode()


def _stored() -> Iterator[bytes]:
    yield b"0000000042.0.117.80640.1920.48.1700000000000.sw.381120.9ae0daaf.10.0.0.7-a.m4s"
    yield b"0000000042.0.117.80640.1920.1700000000000.gap"
    yield b"0000000042.17.9ae0daaf.grid.pin"
    yield "::1-a=ÿ/../".encode()


def _documents() -> Iterator[bytes]:
    grid = json.dumps({"D": "2", "phase": "0", "base": 0, "learnt": True, "epoch": 0})
    yield json.dumps({"channel": "news", "pins": [{"name": "grid", "value": grid}]}).encode()
    yield json.dumps(
        {
            "pins": [
                {"name": "run/1", "value": json.dumps({"start": 5, "offset": 7, "epoch": 0})},
                {"name": "bandwidth/a", "value": "12"},
                {"name": "grid", "value": grid},
            ]
        }
    ).encode()


WORDS = (
    b".isml/",
    b"Streams(",
    b"..%2f",
    b"%00",
    b"%0d%0a",
    b"manifest(format=",
    b"/t1.m4s",
    b"bytes=",
)
PATHS = Target("paths", _run, _asked, WORDS, longest=3000)
NAMES = Target("names", _names, _stored, (b".m4s", b".gap", b".pin", b"=2E", b"+"), longest=512)
PINS = Target("pins", _peer, _documents, (b'"run/1"', b'"grid"', b'"change/1"', b"1e999"))
