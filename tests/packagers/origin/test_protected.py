"""What can be told of encrypted tracks is; what cannot is refused, told once and counted."""

from dataclasses import replace

import pytest

from packagers.origin import Origin
from relay.media import Protection
from relay.store.memory import MemoryStore
from tests.packagers.player import Channel, ask
from tests.packagers.presentations import presentation, regular, rendition
from tests.packagers.smooth.tracks import picture, sound
from tests.packagers.test_protection import SYSTEMS

SAFE = Protection("cenc", bytes(range(16)), SYSTEMS)
KEYLESS = replace(SAFE, systems=())
PICTURE, SOUND = picture(), sound()
PLAYLIST = f"{PICTURE.name}/index.m3u8"


def channel(protection: Protection | None, of_sound: Protection | None) -> Channel:
    tracks = replace(PICTURE, protection=protection), replace(SOUND, protection=of_sound)
    lines = (rendition(track, regular(track, count=7)) for track in tracks)
    return Channel(presentation(*lines), MemoryStore())


@pytest.mark.parametrize(
    ("protection", "of_sound", "refused"),
    [
        (None, None, set()),
        (SAFE, None, set()),
        (KEYLESS, None, {PLAYLIST}),
        (SAFE, SAFE, {"Manifest"}),
        (KEYLESS, SAFE, {"Manifest", PLAYLIST}),
        (KEYLESS, KEYLESS, {"Manifest", PLAYLIST, "master.m3u8"}),
    ],
)
async def test_what_has_no_words_for_it_is_refused(
    protection: Protection | None, of_sound: Protection | None, refused: set[str]
) -> None:
    served = channel(protection, of_sound)
    origin = Origin({"news": served})
    for path in ("master.m3u8", PLAYLIST, "Manifest", "manifest.mpd", "state"):
        for _ in range(2):
            got = await ask(origin, f"/news.isml/{path}")
            assert (got.status == 404) == (path in refused), path
            if path in refused:
                assert got.problem["code"] == "PLAYBACK_PROTECTED"
                assert "manifest.mpd" in str(got.problem["hint"])
                assert got.headers["cache-control"] == "no-store"
    assert served.told == ["PLAYBACK_PROTECTED"] * len(refused)
    assert served.refusals["PLAYBACK_PROTECTED"] == 2 * len(refused)


async def test_what_is_in_the_clear_beside_it_is_served() -> None:
    origin = Origin({"news": channel(SAFE, None)})
    manifest = (await ask(origin, "/news.isml/Manifest")).body
    assert b'Type="audio"' in manifest
    assert b'Type="video"' not in manifest
