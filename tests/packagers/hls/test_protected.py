"""Playlists of protected tracks."""

from dataclasses import replace

import pytest

from packagers.hls import media, multivariant
from packagers.protection import CLEAR, hls_keys
from relay.media import Protection, Track
from tests.e2e import strict
from tests.packagers.presentations import FIRST, audio, presentation, rendition, video
from tests.packagers.test_protection import SYSTEMS

KEY_ID = bytes(range(16))
SAFE = Protection("cenc", KEY_ID, SYSTEMS)
VIDEO = video()


def protected(protection: Protection | None) -> Track:
    return replace(VIDEO, protection=protection)


def playlist(track: Track, *former: tuple[int, Track]) -> list[str]:
    shown = replace(rendition(track), former=former)
    return media(presentation(shown), shown).text.splitlines()


def test_the_keys_stand_before_the_first_segment() -> None:
    lines = playlist(protected(SAFE))
    keys = [line for line in lines if line.startswith("#EXT-X-KEY")]
    assert keys == list(hls_keys(protected(SAFE)))
    assert len(keys) == 2
    assert lines.index(keys[-1]) < next(n for n, line in enumerate(lines) if "#EXTINF" in line)
    assert not [line for line in playlist(VIDEO) if "KEY" in line]


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, SAFE), (SAFE, None), (SAFE, replace(SAFE, key_id=bytes(16)))],
    ids=["on", "off", "other"],
)
def test_what_changes_at_a_segment_is_said_there(
    before: Protection | None, after: Protection | None
) -> None:
    lines = playlist(protected(after), (FIRST + 2, protected(before)))
    second = lines.index(f"{FIRST + 1}.m4s")
    told, meant = lines[second : lines.index(f"{FIRST + 2}.m4s")], hls_keys(protected(after))
    assert [line for line in told if "KEY" in line] == list(meant or (CLEAR,))
    first = [line for line in lines[:second] if "KEY" in line]
    assert first == list(hls_keys(protected(before)))
    if not strict.missing():
        assert strict.complaints({"a": "\n".join(lines) + "\n"}) == {}


@pytest.mark.parametrize(
    "protection", [replace(SAFE, systems=()), replace(SAFE, scheme="cbc1")], ids=["keyless", "cbc1"]
)
def test_what_has_no_place_in_hls_is_not_offered(protection: Protection) -> None:
    clear, sound = video("clear"), audio()
    hidden = replace(sound, key=replace(sound.key, name="secret"), protection=protection)
    of = presentation(*map(rendition, (protected(protection), clear, sound, hidden)))
    text = multivariant(of)
    assert f"{clear.name}/index.m3u8" in text
    assert f"{sound.name}/index.m3u8" in text
    assert VIDEO.name not in text
    assert "secret" not in text
    assert VIDEO.name in multivariant(presentation(rendition(protected(SAFE))))
