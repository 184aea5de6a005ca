"""What a publishing point finds out from its first fragments: D, phase, and whether times are UTC.

The grid is learnt from video, whose cuts are what a fragment is. Audio alone teaches it only when
no video has been announced for a while, since its cuts do not divide D. With D configured, phase
and epoch are still to be found. Where fragments carry an index of their own (tfxd version 2), two
that agree say from where the grid counts. Afterwards all that is only compared, once per sender.

What is learnt is only a proposal: a pin for the store, where the first one counts.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from relay.media import Fragment, Kind, Pin
from relay.numbering import FURTHEST, INDEX_LIMIT, Grid, Learner

AUDIO_WAIT = 3_000
"""ms for which audio waits for video before D is learnt from it; fourfold if video is announced."""
UTC_SLACK = 24 * 3600
"""Media time this near to the clock (seconds) is UTC; anything else is a local timeline."""
MOST_LESSONS = 256
ROOM = 1 << 24
"""Numbers that a base has to leave: a year of fragments of 2 s. One that leaves fewer is not taken,
for it would be pinned, and soon nothing would have a number."""

_Key = tuple[object, str]


@dataclass(slots=True)
class Learning:
    """The lessons of one point. `duration` configured or None; `base` 0 or 1; `anchor` as there."""

    duration: Fraction | None
    base: int
    anchor: str
    _lessons: dict[_Key, Learner] = field(default_factory=dict)
    _witness: dict[_Key, Fragment] = field(default_factory=dict)
    _measured: dict[_Key, Learner | None] = field(default_factory=dict)
    _unlike: set[_Key] = field(default_factory=set)
    _since: int | None = None
    _audio: Pin | None = None

    def offer(self, sender: object, fragment: Fragment, now: int, utc: int) -> Pin | None:
        """One more fragment, while there is no grid: the pin to put, when video has taught it."""
        if self._since is None:
            self._since = now
        track = fragment.track
        rate = track.sampling_rate if track.key.kind is Kind.AUDIO else 0
        if len(self._lessons) > MOST_LESSONS:
            self._lessons.clear()
            self._witness.clear()
        key = (sender, track.name)
        learner = self._lessons.setdefault(key, Learner(track.timescale, rate, self.duration))
        shown = fragment.time + fragment.offset
        grid = learner.offer(shown, fragment.duration, fragment.sample_count)
        before = self._witness.get(key)
        self._witness[key] = fragment
        if grid is None or (fragment.index is not None and before is None):
            return None
        if track.key.kind is Kind.VIDEO:
            return self._pin(grid, fragment, before, utc)
        self._audio = self._audio or self._pin(grid, fragment, before, utc)
        return None

    def due(self, now: int, *, video: bool) -> Pin | None:
        """The pin that audio has taught, once its time has come. `video`: some is announced."""
        deadline = self.deadline(video=video)
        if deadline is None or deadline > now:
            return None
        pin, self._audio = self._audio, None
        return pin

    def deadline(self, *, video: bool) -> int | None:
        """When `due` is to be asked again, in ms."""
        if self._audio is None or self._since is None:
            return None
        return self._since + AUDIO_WAIT * (4 if video else 1)

    def done(self) -> None:
        """The grid is decided."""
        self._lessons.clear()
        self._witness.clear()
        self._audio = None

    def compare(
        self, sender: object, source: str, fragment: Fragment, grid: Grid
    ) -> list[tuple[str, str]]:
        """Code words and sentences, once per sender, on what is unlike the grid."""
        misfit = self._misfit((sender, fragment.track.name), source, fragment, grid)
        unlike = self._misnumbered((sender, fragment.track.name), source, fragment, grid)
        return [said for said in (misfit, unlike) if said is not None]

    def _misnumbered(
        self, key: _Key, source: str, fragment: Fragment, grid: Grid
    ) -> tuple[str, str] | None:
        """Its own index is not the one that its time has."""
        if fragment.index is None or fragment.track.parent:
            return None
        index = _index(fragment, grid)
        if index == fragment.index:
            self._unlike.discard(key)
            return None
        if key in self._unlike:
            return None
        if len(self._unlike) > MOST_LESSONS:
            self._unlike.clear()
        self._unlike.add(key)
        said = (
            f"{source} numbers a fragment of {fragment.track.name} {fragment.index}, whose time"
            f" means {index}: the time counts"
        )
        return "INDEX_DIFFERS", said

    def _misfit(
        self, key: _Key, source: str, fragment: Fragment, grid: Grid
    ) -> tuple[str, str] | None:
        """Video that is not cut as long as the cells of the grid."""
        if len(self._measured) > MOST_LESSONS:
            self._measured.clear()
        learner = self._measured.setdefault(key, Learner(fragment.track.timescale))
        if learner is None or fragment.track.key.kind is not Kind.VIDEO:
            return None
        shown = fragment.time + fragment.offset
        found = learner.offer(shown, fragment.duration, fragment.sample_count)
        if found is None:
            return None
        self._measured[key] = None
        if found.D == grid.D:
            return None
        said = (
            f"{source} sends {fragment.track.name} in fragments of {_seconds(found.D)} s, not of"
            f" {_seconds(grid.D)} s: set its key frame distance, or fragment_duration"
        )
        return "FRAGMENT_DURATION", said

    def _pin(self, grid: Grid, fragment: Fragment, before: Fragment | None, utc: int) -> Pin | None:
        """The grid, with what this fragment says of UTC; None: its time is none of ours."""
        end = Fraction(fragment.end, fragment.track.timescale)
        if abs(end) > FURTHEST:
            return None
        clock = Fraction(utc, 1000)
        local = self.anchor == "arrival" or (self.anchor == "auto" and abs(end - clock) > UTC_SLACK)
        epoch = round(clock - end) if local else 0
        base = self.base
        if before is not None and fragment.index is not None and before.index is not None:
            told = fragment.index - _index(fragment, grid)
            alike = told == before.index - _index(before, grid)
            if alike and fragment.index < INDEX_LIMIT - ROOM:
                base = told
        return Pin("grid", replace(grid, base=base, epoch=epoch).encode())


def _index(fragment: Fragment, grid: Grid) -> int:
    return grid.index(fragment.time, fragment.duration, fragment.track.timescale)


def _seconds(exact: Fraction) -> str:
    """1.92 as such, 1001/500 as such, and thirds as a quotient: what the configuration takes."""
    millis = exact * 1000
    return f"{millis.numerator / 1000:g}" if millis.denominator == 1 else str(exact)
