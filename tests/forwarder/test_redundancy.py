"""What goes up more than once on purpose: audio in two streams, and a channel from two relays."""

import asyncio
from collections import Counter
from fractions import Fraction

import pytest

from relay.channel import Rules
from relay.encoder.stamp import Stamper
from relay.forwarder.destination import Destination
from relay.forwarder.forwarder import Forwarder
from relay.media import Verdict
from tests import door
from tests.door import PATH, Door, shown
from tests.forwarder.test_chain import chained, tracks
from tests.server.wire import eventually

LADDER = Rules(duration=Fraction(48, 25), patience=60_000, anchor="utc")
START = 932_000_000


@pytest.mark.requirement("STREAM-4a", "AUDIO-1a", "AUDIO-1b", "AUDIO-2a", "AUDIO-4a", role="client")
@pytest.mark.requirement("AUDIO-3a")
@pytest.mark.parametrize("per_track", [False, True])
async def test_audio_that_goes_up_twice_is_one_track_there_and_lives_with_either(
    stamper: Stamper, per_track: bool
) -> None:
    sound = "audio-64000"
    async with door.opened(rules=LADDER) as hub, door.opened(rules=LADDER) as upstream:
        url = f"http://127.0.0.1:{upstream.address[1]}/news.isml"
        more = {"per_track": per_track, "audio_twice": True, "speed": 100}
        forwarder = Forwarder(hub.channel, [Destination("eu", url, **more)], None)  # type: ignore[arg-type]
        forwarder.open()
        try:
            media = [stamper.fragment(sent, START + n) for n in range(4) for sent in stamper.tracks]
            await hub.push(PATH, stamper.header(stamper.tracks) + b"".join(media))
            for name in ("video-300000", "video-100000", sound):
                await shown(upstream.channel, range(START, START + 4), name)
            assert await eventually(lambda: sum(_counts(upstream, sound).values()) == 8)
            assert _counts(upstream, sound)[Verdict.DUPLICATE] == 4
            assert Verdict.DUPLICATE not in _counts(upstream, "video-300000")
            assert sorted(tracks(upstream)) == sorted(tracks(hub)), "it is known as one track"
            assert upstream.channel.header_of(f"{sound}-2") is not None
            assert upstream.rejected == {}
        finally:
            await forwarder.close()


async def test_audio_without_a_bit_rate_goes_up_once_and_that_is_told() -> None:
    silent = door.header(door.AV).replace(b"systemBitrate", b"systemBitratX")
    async with chained(audio_twice=True) as (hub, upstream):
        assert (await hub.push(PATH, silent + b"".join(door.fragments(door.AV)))).status == 200
        assert await eventually(lambda: len(tracks(upstream)) == 2)
        assert tracks(upstream) == tracks(hub)
        codes = [
            (event.code, "once" in event.text) for event in hub.channel.journal.events.values()
        ]
        assert ("UPSTREAM_STREAM", True) in codes


@pytest.mark.requirement("ENC-1a", "ENC-2a", "ENC-3a", "RED-1a", "RED-3a", role="client")
@pytest.mark.requirement("AUDIO-6a", "HTTP-7c", role="client")
async def test_either_of_two_relays_may_end_and_the_other_takes_its_place(
    stamper: Stamper,
) -> None:
    """Two encoders, a relay for each, one receiver: it cannot tell the relays apart."""
    async with (
        door.opened(rules=LADDER) as upstream,
        door.opened(rules=LADDER) as one,
        door.opened(rules=LADDER) as other,
    ):
        url = f"http://127.0.0.1:{upstream.address[1]}/news.isml"
        forwarders = []
        for hub in (one, other):
            forwarders.append(Forwarder(hub.channel, [Destination("up", url, speed=100)], None))
            forwarders[-1].open()
        header = stamper.header(stamper.tracks)
        its = header.replace(b"relay push", b"other make")
        assert its != header
        try:
            for n in range(8):
                media = b"".join(stamper.fragment(sent, START + n) for sent in stamper.tracks)
                if n < 5:
                    await one.push(PATH, header + media)
                if n == 5:
                    await forwarders[0].close()
                if n > 2:
                    await other.push(PATH, its + media)
                await shown(upstream.channel, range(START, START + n + 1), "audio-64000")
            for name in ("video-300000", "video-100000"):
                await shown(upstream.channel, range(START, START + 8), name)
            assert upstream.rejected == {}
            assert _counts(upstream, "audio-64000").get(Verdict.DUPLICATE, 0) >= 2
        finally:
            await asyncio.gather(*(forwarder.close() for forwarder in forwarders))


def _counts(relay: Door, track: str) -> dict[Verdict, int]:
    found: Counter[Verdict] = Counter()
    for counts in door.verdicts(relay.channel, track).values():
        found.update(counts)
    return dict(found)
