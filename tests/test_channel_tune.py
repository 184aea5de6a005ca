"""A running channel takes other rules: from then on they hold, and nothing that is there breaks."""

from dataclasses import replace
from fractions import Fraction

from relay.arrival import Sender
from relay.rules import Rules
from relay.store.memory import MemoryStore
from tests.door import RULES, bodies, published, send, shown, started

A = Sender("enc_a", "main")


async def test_a_longer_window_fills_and_a_shorter_one_empties() -> None:
    store = MemoryStore()
    rules = replace(RULES, window=Fraction(10))
    channel, _ = await started(store, rules)
    try:
        for found in bodies(0, 8):
            await send(channel, A, found)
        await shown(channel, range(3, 8))
        channel.tune(replace(rules, window=Fraction(16)))
        for found in bodies(8, 12):
            await send(channel, A, found)
        await shown(channel, range(4, 12))
        channel.tune(replace(rules, window=Fraction(6)))
        assert published(channel) == [*range(4, 12)]  # nothing goes before something comes
        for found in bodies(12, 13):
            await send(channel, A, found)
        await shown(channel, range(10, 13))
        (timeline,) = channel._view.timelines.values()
        assert len(timeline.placed) <= timeline.depth
    finally:
        await channel.close()


async def test_what_is_preferred_stays_unless_that_is_changed() -> None:
    channel, _ = await started(MemoryStore(), replace(RULES, prefer="enc_a"))
    try:
        channel.prefer("enc_b")
        channel.tune(replace(RULES, prefer="enc_a", patience=9))
        assert channel.preferred == "enc_b"
        channel.tune(replace(RULES, prefer=None, patience=9))
        assert channel.preferred is None
        assert channel.rules == Rules(duration=RULES.duration, patience=9)
    finally:
        await channel.close()
