"""What a channel's events say, read from its store when a player first asks for what tells of it.

A presentation knows which events can be seen, and not what is in them: that lies in the store. Each
is read once. What is kept is bounded by what is visible, which `relay.sparse` bounds; an event that
leaves the window is forgotten with it. While one request reads, others of the channel wait for it.

The tuple that comes back is the same object until an event comes or goes: documents that were made
of it hold as long. A cue that is damaged is told in the log: the first, second, fourth, eighth of
its track, so that a sender of thousands writes a dozen lines. It is handed on as it came.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from packagers.signals.daterange import Tag, tags
from packagers.signals.signal import Signal, merged, read
from relay.media import Copy
from relay.presentation import Presentation
from relay.store import Store

log = structlog.get_logger("packagers.signals.hearing")


@dataclass(frozen=True, slots=True)
class Heard:
    """What is signalled.

    each      every message that can be seen
    signals   each signal once, in order
    tags      the date ranges that they make
    events    of each sparse track, without those that only say again what another said
    """

    each: tuple[Signal, ...] = ()
    signals: tuple[Signal, ...] = ()
    tags: tuple[Tag, ...] = ()
    events: Mapping[str, tuple[Copy, ...]] = field(default_factory=dict)


NOTHING = Heard()


@dataclass(slots=True)
class _Channel:
    events: object = None
    heard: Heard = NOTHING
    read: dict[tuple[Copy, int], tuple[Signal, ...]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Hearing:
    """The signals of all channels."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}

    async def listen(self, name: str, presentation: Presentation, store: Store) -> Heard:
        """What is signalled in a channel's presentation."""
        known = self._channels.get(name)
        if known is None:
            if not any(presentation.events.values()):
                return NOTHING
            known = self._channels[name] = _Channel()
        if known.events is not presentation.events:
            async with known.turn:
                if known.events is not presentation.events:
                    await self._read(name, known, presentation, store)
        return known.heard

    async def _read(
        self, name: str, known: _Channel, presentation: Presentation, store: Store
    ) -> None:
        found: dict[tuple[Copy, int], tuple[Signal, ...]] = {}
        for copy in (copy for copies in presentation.events.values() for copy in copies):
            key = _key(presentation, copy)
            if key not in known.read:
                known.read[key] = await _signals(presentation, store, copy)
                self._warn(name, known, known.read[key])
            found[key] = known.read[key]
        each = tuple(signal for signals in found.values() for signal in signals)
        known.events, known.read = presentation.events, found
        signals = merged(each)
        kept = {id(signal) for signal in signals}
        events = {
            name: tuple(c for c in copies if not _repeats(found[_key(presentation, c)], kept))
            for name, copies in presentation.events.items()
        }
        known.heard = Heard(each, signals, tuple(tags(signals)), events)

    def _warn(self, name: str, known: _Channel, signals: tuple[Signal, ...]) -> None:
        for signal in signals:
            if not signal.fault:
                continue
            known.faults[signal.track] += 1
            count = known.faults[signal.track]
            if count & (count - 1) == 0:
                text = f"a cue on {signal.track} is handed on, not signalled: {signal.fault}"
                start = signal.message[:16].hex()
                log.warning(text, code="SIGNAL_DAMAGED", channel=name, count=count, begins=start)


def _key(presentation: Presentation, copy: Copy) -> tuple[Copy, int]:
    return copy, presentation.epoch_of(copy.run)


def _repeats(said: tuple[Signal, ...], kept: set[int]) -> bool:
    """All that an event says is a cue that another stands for. `kept`: those that do, by id()."""
    return bool(said) and all(s.splice is not None and id(s) not in kept for s in said)


async def _signals(presentation: Presentation, store: Store, copy: Copy) -> tuple[Signal, ...]:
    rendition = presentation.rendition(copy.track)
    data = await store.get(copy.track, copy.run, copy.index, copy.time)
    if rendition is None or data is None:
        return ()
    seen = presentation.since.get((copy.track, copy.run, copy.time), {})
    return read(rendition.track, copy, data, presentation.epoch_of(copy.run), seen)
