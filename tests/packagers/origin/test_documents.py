"""Documents as a player gets them: delta updates, encodings, validators, written once."""

import zlib
from dataclasses import replace
from fractions import Fraction

import pytest

from packagers.origin import Origin
from packagers.origin.documents import Documents
from packagers.resource import parse
from relay.media import Protection
from relay.store.memory import MemoryStore
from tests.packagers.player import VIDEO, Channel, ask
from tests.packagers.presentations import FIRST, presentation, regular, rendition

PATH = f"/news.isml/{VIDEO.name}/index.m3u8"
ALL = f"{PATH}?_HLS_skip=YES"


@pytest.fixture
def long() -> Channel:
    """A window of twenty minutes with six hundred segments in it."""
    shown = rendition(VIDEO, regular(VIDEO, FIRST, 600))
    return Channel(replace(presentation(shown), window=Fraction(1200)), MemoryStore())


async def test_a_client_that_accepts_gzip_gets_it(long: Channel) -> None:
    origin = Origin({"news": long})
    plain = await ask(origin, PATH)
    packed = await ask(origin, PATH, accept_encoding="br, gzip;q=0.5")
    assert zlib.decompress(packed.body, wbits=31) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert plain.headers["etag"] != packed.headers["etag"]


async def test_each_encoding_has_its_validator(long: Channel) -> None:
    origin = Origin({"news": long})
    for path in (PATH, ALL, "/news.isml/manifest.mpd"):
        for accepted in ("gzip", "identity"):
            got = await ask(origin, path, accept_encoding=accepted)
            tag = got.headers["etag"]
            again = await ask(origin, path, accept_encoding=accepted, if_none_match=tag)
            assert (again.status, again.headers["vary"]) == (304, "accept-encoding")
            other = "identity" if accepted == "gzip" else "gzip"
            crossed = await ask(origin, path, accept_encoding=other, if_none_match=tag)
            small = len(got.body) < 1024 and "content-encoding" not in got.headers
            assert crossed.status == (304 if small else 200)


async def test_what_is_small_stays_as_it_is(origin: Origin) -> None:
    got = await ask(origin, "/news.isml/master.m3u8", accept_encoding="gzip")
    assert "content-encoding" not in got.headers
    assert got.headers["vary"] == "accept-encoding"


async def test_a_document_is_made_once_and_compressed_once(long: Channel) -> None:
    documents, shown = Documents(), long.presentation
    for path in (PATH, ALL, "/news.isml/manifest.mpd"):
        asked = parse(*path.split("?"))
        played = shown.rendition(asked.track) if asked.track else None
        plain = documents.find(asked, shown, played)
        packed = documents.find(asked, shown, played, gzip=True)
        assert documents.find(asked, shown, played) is plain
        assert documents.find(asked, shown, played, gzip=True) is packed


async def test_a_delta_is_a_document_of_its_own(long: Channel) -> None:
    origin = Origin({"news": long})
    whole, delta = await ask(origin, PATH), await ask(origin, ALL)
    assert delta.body.count(b".m4s\n") == 7
    assert b"#EXT-X-SKIP:SKIPPED-SEGMENTS=593\n" in delta.body
    assert whole.body.count(b".m4s\n") == 600
    assert b"#EXT-X-SKIP" not in whole.body
    assert whole.headers["etag"] != delta.headers["etag"]
    assert whole.headers["cache-control"] == delta.headers["cache-control"]
    for other in ("?token=x", "?_HLS_skip=no", "?_HLS_msn=7", "?x_HLS_skip=YES"):
        assert (await ask(origin, PATH + other)).body == whole.body
    for same in ("?token=x&_HLS_skip=YES", "?_HLS_skip=YES&_HLS_msn=3"):
        assert (await ask(origin, PATH + same)).body == delta.body
    aliased = await ask(origin, ALL.replace(".isml", ".ISML"))
    assert aliased.body == delta.body
    assert aliased.headers["content-location"].endswith("news.isml/" + ALL.partition("isml/")[2])


async def test_a_document_of_many_parts_travels_in_few(long: Channel) -> None:
    shown = rendition(VIDEO, regular(VIDEO, FIRST, 5000))
    long.presentation = replace(long.presentation, renditions=(shown,))
    got = await ask(Origin({"news": long}), PATH)
    assert len(got.parts) == 1
    assert got.headers["content-length"] == str(len(got.body))


async def test_a_track_that_hls_has_no_words_for_has_no_playlist() -> None:
    """In the clear to look at, it would be noise to a player."""
    odd = replace(VIDEO, protection=Protection("cens", bytes(16), ()))
    channel = Channel(presentation(rendition(odd)), MemoryStore())
    origin = Origin({"news": channel})
    refused = await ask(origin, f"/news.isml/{odd.name}/index.m3u8")
    assert refused.status == 404
    assert b"manifest.mpd" in refused.body
    assert (await ask(origin, "/news.isml/manifest.mpd")).status == 200
