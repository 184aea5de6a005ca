"""Redundant encoders that spread the same tracks over streams otherwise: one presentation.

The fragments are those of the model encoder, on real connections, one POST for each. Each case says
who delivers which index of which track; as long as somebody does, nothing is missing.
"""

from collections.abc import Callable
from fractions import Fraction

import m3u8
import pytest

from packagers.origin import Origin
from relay.channel import Rules
from relay.encoder.cutting import make as cut
from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, spread
from relay.mp4.recording import read
from relay.uplink.address import address
from tests.door import Door, opened, shown
from tests.encoder.clips import LADDER, make
from tests.packagers.player import ask

FIRST, COUNT = 900_000_000, 12
RULES = Rules(duration=Fraction(48, 25), patience=60_000, anchor="utc")
NAMES = ["video-300000", "video-100000", "audio-64000"]
WHO = {"a": Grouping.ALL, "b": Grouping.EACH, "c": Grouping.AUDIO_WITH_LOW}

Delivers = Callable[[str, str, int], bool]
"""Whether a source delivers the n-th fragment of a track."""

CASES: dict[str, Delivers] = {
    "all three, everything": lambda who, track, n: True,
    "each fragment from one of three": lambda who, track, n: "abc"[n % 3] == who,
    "each track from another": lambda who, track, n: (
        WHO[who] is list(WHO.values())[NAMES.index(track)]
    ),
    "one dies after the other": lambda who, track, n: 4 * "abc".index(who) <= n + 1 < 14,
    "audio dies in one, video in another": lambda who, track, n: (
        who == "c" or (n < 6) == (track.startswith("audio") == (who == "a"))
    ),
}


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    clip = make(LADDER, tmp_path_factory.mktemp("clips"))
    return Stamper.of(cut(read(clip.read_bytes())))


async def push(door: Door, stamper: Stamper, who: str, n: int, delivers: Delivers) -> None:
    """The n-th fragments of one encoder, a POST for each stream."""
    for stream, tracks in spread(stamper, WHO[who]).items():
        body = stamper.header(tracks) + b"".join(
            stamper.fragment(sent, FIRST + n)
            for sent in tracks
            if delivers(who, sent.key.url_name, n)
        )
        answer = await door.put(address("/news.isml", stream, "", who), body)
        assert answer.status == 200, answer.body


@pytest.mark.requirement("STREAM-1a", "STREAM-2a", "STREAM-2b", "STREAM-2c", "STREAM-3a")
@pytest.mark.requirement("RED-2b", "RED-2c", "AUDIO-1a", "AUDIO-3a", "AUDIO-3b", "AUDIO-6a")
@pytest.mark.fault("F17")
@pytest.mark.parametrize("name", CASES)
async def test_any_grouping_makes_the_same_presentation(name: str, stamper: Stamper) -> None:
    async with opened(rules=RULES) as door:
        for n in range(COUNT):
            for who in WHO:
                await push(door, stamper, who, n, CASES[name])
            door.clock.at += 1_920
        for track in NAMES:
            await shown(door.channel, range(FIRST, FIRST + COUNT), track)
        origin = Origin(door.channels)
        text = (await ask(origin, "/news.isml/master.m3u8")).body.decode()
        playlist = m3u8.loads(text)
        assert [media.type for media in playlist.media] == ["AUDIO"]
        assert len(playlist.playlists) == 2
        for track in NAMES:
            media = (await ask(origin, f"/news.isml/{track}/index.m3u8")).body.decode()
            assert "EXT-X-DISCONTINUITY\n" not in media
            assert "EXT-X-GAP" not in media
