"""What each sender's fragments are like as they arrive, in the words of AMS's ingest heartbeat.

Each fragment of a source's track is held against the one that the same stream sent before it:

    overlap             begins before the end of its predecessor, by more than half a frame
    discontinuity       begins after that end, by more than half a frame: the encoder left a hole
    nonincreasing       its time is not above its predecessor's
    unexpected_bitrate  the last `RECENT` fragments together have at least twice, or at most half,
                        the systemBitrate of the header (AMS's own bounds); 0 promises nothing
    drift               its copy misses the end of what the timeline has before it, by more than
                        half a frame (`relay.diagnosis.synchrony` measures that)

A reconnecting encoder resends its last two fragments, as the protocol demands (HTTP-7b), and maybe
one that was cut short: they are counted as `resent` and are no fault. A time further back than that
is one, once: what follows it is held against it, as after a clock that was restarted. Every counter
counts fragments. A track is *healthy* while none of its last `RECENT` has a word, which is AMS's
window of 20 s for fragments of 2 s. Sparse tracks have holes by nature and are only held to rising.

Sans-IO. Strangers name sources and streams, so what is remembered is bounded; of more than
`MOST_LINES`, the one that was silent the longest is forgotten. It is small, too: tuples, since an
empty deque is 600 bytes.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TypeVar

from relay.media import Fragment, Kind

RECENT = 10
"""Fragments that a word, and a measured bitrate, is about."""
FACTOR = 2
"""How many times the header's bitrate, or what part of it, is unexpected."""
RESENT = 3
"""Fragments that may come again after a reconnect: the last two, and one that was cut short."""
OFTEN = 2
"""Fragments of the last `RECENT` with one word that make an alarm of it: one is an accident."""
MOST_LINES = 1_024

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Word(StrEnum):
    """A word of the heartbeat."""

    OVERLAP = "overlap"
    DISCONTINUITY = "discontinuity"
    NONINCREASING = "nonincreasing"
    BITRATE = "unexpected_bitrate"
    DRIFT = "drift"


@dataclass(slots=True)
class Pulse:
    """One source's track.

    bitrate   measured, in bit/s, 0 until there are `RECENT` fragments
    promised  the systemBitrate of its header, 0 when it says none
    """

    counts: Counter[Word] = field(default_factory=Counter)
    resent: int = 0
    bitrate: int = 0
    promised: int = 0
    _recent: tuple[frozenset[Word], ...] = ()
    _joins: tuple[bool, ...] = ()
    _sizes: tuple[tuple[int, int], ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of the last fragments; none: healthy."""
        return tuple(word for word in Word if self.recently(word))

    def recently(self, word: Word) -> int:
        """How many of the last fragments have this word."""
        if word is Word.DRIFT:
            return sum(self._joins)
        return sum(word in words for words in self._recent)

    def joined(self, *, off: bool) -> None:
        """One more copy was held against the timeline; `off`: it misses the end before it."""
        self.counts[Word.DRIFT] += off
        self._joins = (*self._joins, off)[-RECENT:]

    def beat(self, words: set[Word], fragment: Fragment) -> None:
        """One more fragment that was not resent."""
        if Word.NONINCREASING not in words and fragment.track.key.kind is not Kind.TEXT:
            size = 8 * fragment.size, fragment.duration
            self._sizes = (*self._sizes, size)[-RECENT:]
            if self._unexpected(fragment.track.key.bitrate, fragment.track.timescale):
                words = words | {Word.BITRATE}
        self.counts.update(words)
        self._recent = (*self._recent, _once(frozenset(words)))[-RECENT:]

    def _unexpected(self, promised: int, timescale: int) -> bool:
        self.promised = promised
        ticks = sum(duration for _, duration in self._sizes)
        if len(self._sizes) < RECENT or ticks <= 0:
            return False
        self.bitrate = sum(bits for bits, _ in self._sizes) * timescale // ticks
        return promised > 0 and (
            self.bitrate >= FACTOR * promised or FACTOR * self.bitrate <= promised
        )


@dataclass(slots=True)
class _Line:
    """Where one stream is on a track: its newest starts, rising, and where it ends."""

    starts: tuple[int, ...] = ()
    end: int = 0
    resumed: bool = False

    def goes_on(self, fragment: Fragment) -> None:
        back = self.starts and fragment.time <= self.starts[-1]
        if back or fragment.time - self.end > RESENT * fragment.duration:
            self.starts = ()  # nothing from before a leap comes again
        self.starts = (*self.starts, fragment.time)[-RESENT:]
        self.end = fragment.end
        self.resumed = False


@dataclass(slots=True)
class Heartbeat:
    """The pulses of one channel, by (source, track name)."""

    pulses: dict[tuple[str, str], Pulse] = field(default_factory=dict)
    _lines: dict[tuple[str, str, str], _Line] = field(default_factory=dict)

    def began(self, source: str, stream: str) -> None:
        """A POST of this sender has begun: it may resend."""
        for (who, where, _), line in self._lines.items():
            if (who, where) == (source, stream):
                line.resumed = True

    def forget(self, source: str, stream: str) -> None:
        """A sender is gone: if it comes back, what it sends follows nothing."""
        for key in [key for key in self._lines if key[:2] == (source, stream)]:
            del self._lines[key]

    def took(self, source: str, stream: str, fragment: Fragment) -> frozenset[Word]:
        """One more fragment came, complete: the words that it has brought or may have ended."""
        track = fragment.track.name
        line = _touch(self._lines, (source, stream, track), _Line)
        pulse = _touch(self.pulses, (source, track), Pulse)
        words: set[Word] = set()
        if line.starts and fragment.time <= line.starts[-1]:
            if line.resumed and fragment.time >= line.starts[0]:
                pulse.resent += 1
                return frozenset()
            words.add(Word.NONINCREASING)
            if fragment.time < line.starts[0]:
                line.goes_on(fragment)  # its clock went back: held against what it says now
        else:
            if line.starts and fragment.track.key.kind is not Kind.TEXT:
                words |= _missed(fragment, line.end)
            line.goes_on(fragment)
        before = pulse.words
        pulse.beat(words, fragment)
        return frozenset((*before, *pulse.words)) - {Word.DRIFT}

    def tracks(self, source: str, word: Word) -> list[str]:
        """The tracks on which a source has this word often, sorted."""
        return sorted(
            track
            for (who, track), pulse in self.pulses.items()
            if who == source and pulse.recently(word) >= OFTEN
        )

    def any(self, source: str, word: Word) -> bool:
        """A source has this word on some track."""
        return any(p.recently(word) for (who, _), p in self.pulses.items() if who == source)


@cache
def _once(words: frozenset[Word]) -> frozenset[Word]:
    """A set of words, in memory once: there are not many."""
    return words


def _missed(fragment: Fragment, end: int) -> set[Word]:
    half_frame = fragment.duration // (2 * max(1, fragment.sample_count))
    if abs(fragment.time - end) <= half_frame:
        return set()
    return {Word.DISCONTINUITY if fragment.time > end else Word.OVERLAP}


def _touch(known: dict[_Key, _Value], key: _Key, make: Callable[[], _Value]) -> _Value:
    """The value of a key, made if need be, as the one touched last; the first may have to go."""
    value = known.pop(key, None) or make()
    known[key] = value
    if len(known) > MOST_LINES:
        del known[next(iter(known))]
    return value
