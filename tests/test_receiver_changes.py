"""An encoder that comes back with other settings, from its POST to what players are told."""

import re
from fractions import Fraction

import m3u8
import pytest
from lxml import etree

from packagers.origin import Origin
from relay.media import Verdict
from tests.door import PATH, TRACK, Door, header, opened, other_level, shown, verdicts, video
from tests.packagers.player import ask

MPD = "{urn:mpeg:dash:schema:mpd:2011}"


async def restarted(door: Door) -> None:
    """Three fragments as before, three under other settings."""
    before = header() + b"".join(map(video, range(3)))
    after = other_level() + b"".join(map(video, range(3, 6)))
    assert (await door.push(PATH, before)).status == 200
    await shown(door.channel, [0, 1, 2])
    assert (await door.push(PATH, after)).status == 200
    await shown(door.channel, range(6))


@pytest.mark.requirement("SVC-5c")
@pytest.mark.fault("F11")
async def test_players_get_a_new_init_segment_behind_one_discontinuity() -> None:
    async with opened() as door:
        await restarted(door)
        assert "HEADER_CHANGED" in {event.code for event in door.channel.journal.events.values()}
        origin = Origin(door.channels)
        text = (await ask(origin, f"/news.isml/{TRACK}/index.m3u8")).body.decode()
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1
        playlist = m3u8.loads(text)
        inits = [segment.init_section.uri for segment in playlist.segments]
        first, second = dict.fromkeys(inits)
        assert inits == [first] * 3 + [second] * 3
        assert [segment.discontinuity for segment in playlist.segments] == [0, 0, 0, 1, 0, 0]
        assert playlist.media_sequence == 0
        bodies = [(await ask(origin, f"/news.isml/{TRACK}/{uri}")).body for uri in (first, second)]
        assert bodies[0] != bodies[1]
        for index in range(6):
            assert (await ask(origin, f"/news.isml/{TRACK}/{index}.m4s")).status == 200


@pytest.mark.fault("F11")
async def test_dash_begins_a_period_that_goes_on_with_numbers_and_times() -> None:
    async with opened() as door:
        await restarted(door)
        origin = Origin(door.channels)
        root = etree.fromstring((await ask(origin, "/news.isml/manifest.mpd")).body)
        periods = root.findall(f"{MPD}Period")
        begins = door.channel.presentation.epoch + 6
        told = [(p.get("id"), p.get("start")) for p in periods]
        assert told == [("p0", "PT0S"), ("p3", f"PT{begins}S")]
        templates = [next(period.iter(f"{MPD}SegmentTemplate")) for period in periods]
        assert [t.get("startNumber") for t in templates] == ["0", "3"]
        offset = Fraction(str(templates[1].get("presentationTimeOffset")))
        assert offset / Fraction(str(templates[1].get("timescale"))) == begins
        assert templates[0].get("presentationTimeOffset") is None
        first = [next(t.iter(f"{MPD}S")) for t in templates]
        assert int(str(first[1].get("t"))) >= offset
        assert len({t.get("initialization") for t in templates}) == 2


@pytest.mark.requirement("SVC-5c", "RED-3a")
@pytest.mark.fault("F11")
async def test_one_of_two_encoders_cannot_change_it_alone() -> None:
    async with opened() as door:
        path = "/news.isml/Streams(main)?source="
        assert (await door.push(path + "a", header() + video(0))).status == 200
        refused = await door.push(path + "b", other_level() + video(1))
        assert refused.status == 412
        assert re.search(r"codecs avc1\.\w+ became avc1\.\w+.*a still sends it", str(refused.body))
        assert (await door.push(path + "a", header() + video(1))).status == 200
        await shown(door.channel, [0, 1])
        assert set(verdicts(door.channel)["a"]) == {Verdict.ACCEPTED}
        assert not door.channel.presentation.changes
