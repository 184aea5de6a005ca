"""Protected tracks: what documents say of them, and that the samples come out as they went in."""

from base64 import b64encode
from dataclasses import replace
from uuid import UUID

import pytest

from packagers.cmaf import init
from packagers.protection import (
    PLAYREADY,
    ContentProtection,
    KeySystem,
    content_protection,
    hls_carries,
    hls_keys,
    key_systems,
)
from relay.media import Kind, Protection, Track, TrackKey
from relay.mp4.walk import Budget, children
from tests.e2e import strict
from tests.mp4.recorded import box, u32
from tests.mp4.test_protection import KID, common

WIDEVINE = UUID("edef8ba9-79d6-4ace-a3c8-27dcd51d21ed")


def pssh(system: UUID, data: bytes, *key_ids: bytes) -> bytes:
    listed = u32(len(key_ids)) + b"".join(key_ids) if key_ids else b""
    version = 1 if key_ids else 0
    return box("pssh", u32(version << 24), system.bytes, listed, u32(len(data)), data)


SYSTEMS = (pssh(PLAYREADY, b"PRO"), pssh(WIDEVINE, b"wv", KID))


def track(scheme: str = "cenc", systems: tuple[bytes, ...] = SYSTEMS) -> Track:
    key = TrackKey(Kind.VIDEO, "video", 5)
    entry = common(scheme.encode(), 1)
    protection = Protection(scheme, KID, systems)
    return Track(key, 90000, "vide", entry, "avc1.4D401E", 640, 360, protection=protection)


CLEAR = replace(track(), protection=None)


def test_key_systems_are_read() -> None:
    assert key_systems(track()) == (
        KeySystem(PLAYREADY, b"PRO", SYSTEMS[0]),
        KeySystem(WIDEVINE, b"wv", SYSTEMS[1]),
    )
    damaged = (SYSTEMS[0][:-1], box("pssh", bytes(24)) + b"x", pssh(WIDEVINE, b"")[:-4], b"")
    assert key_systems(track(systems=damaged)) == key_systems(CLEAR) == ()


def test_an_mpd_says_scheme_and_key_and_each_system() -> None:
    told = content_protection(track("cbcs"))
    assert told[0] == ContentProtection(
        "urn:mpeg:dash:mp4protection:2011", "cbcs", "00010203-0405-0607-0809-0a0b0c0d0e0f"
    )
    assert [each.scheme_id_uri for each in told[1:]] == [
        "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95",
        "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
    ]
    assert [each.pssh for each in told[1:]] == [b64encode(each).decode() for each in SYSTEMS]
    assert content_protection(CLEAR) == ()
    assert len(content_protection(track("cbc1", ()))) == 1


@pytest.mark.parametrize(("scheme", "method"), [("cenc", "SAMPLE-AES-CTR"), ("cbcs", "SAMPLE-AES")])
def test_a_playlist_says_where_keys_come_from(scheme: str, method: str) -> None:
    playready, widevine = hls_keys(track(scheme))
    assert playready == (
        f'#EXT-X-KEY:METHOD={method},URI="data:text/plain;charset=UTF-16;base64,UFJP",'
        'KEYID=0x000102030405060708090A0B0C0D0E0F,KEYFORMAT="com.microsoft.playready",'
        'KEYFORMATVERSIONS="1"'
    )
    told = b64encode(SYSTEMS[1]).decode()
    assert f'URI="data:text/plain;base64,{told}",' in widevine
    assert f'KEYFORMAT="urn:uuid:{WIDEVINE}"' in widevine


@pytest.mark.parametrize(
    ("scheme", "systems"), [("cbc1", SYSTEMS), ("cens", SYSTEMS), ("cenc", ())]
)
def test_what_hls_has_no_words_for_is_no_part_of_it(
    scheme: str, systems: tuple[bytes, ...]
) -> None:
    assert not hls_carries(track(scheme, systems))
    assert hls_keys(track(scheme, systems)) == ()


def test_what_is_clear_needs_no_words() -> None:
    assert hls_carries(CLEAR)
    assert hls_keys(CLEAR) == ()


def test_strict_readers_take_the_keys() -> None:
    if reason := strict.missing():
        pytest.skip(reason)
    for scheme in ("cenc", "cbcs"):
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:2", *hls_keys(track(scheme))]
        lines += ['#EXT-X-MAP:URI="i.mp4"', "#EXTINF:2,", "1.m4s", ""]
        assert strict.complaints({"a": "\n".join(lines)}) == {}


def test_the_key_systems_stand_in_the_header() -> None:
    whole = init(track())
    moov = children(whole, 0, len(whole), Budget(2))[1]
    found = [a for a in children(whole, moov.body, moov.end, Budget(20)) if a.type == "pssh"]
    assert tuple(whole[a.start : a.end] for a in found) == SYSTEMS
    assert init(track()) != init(track(systems=())) == init(CLEAR)
