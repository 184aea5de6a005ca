"""What a publishing point finds out from its first fragments: D, phase, and whether times are UTC.

The grid is learnt from video, whose cuts are what a fragment is. Audio alone teaches it only when
no video has been announced for a while, since its cuts do not divide D. With D configured, phase
and epoch are still to be found, and D is held against what is measured, once per sender.

What is learnt is only a proposal: a pin for the store, where the first one counts.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from relay.media import Fragment, Kind, Pin
from relay.numbering import Grid, Learner

AUDIO_WAIT = 3_000
"""ms for which audio waits for video before D is learnt from it; fourfold if video is announced."""
UTC_SLACK = 24 * 3600
"""Media time this near to the clock (seconds) is UTC; anything else is a local timeline."""
MOST_LESSONS = 256

_Key = tuple[object, str]


@dataclass(slots=True)
class Learning:
    """The lessons of one point. `duration` configured or None; `base` 0 or 1; `anchor` as there."""

    duration: Fraction | None
    base: int
    anchor: str
    _lessons: dict[_Key, Learner] = field(default_factory=dict)
    _measured: dict[_Key, Learner | None] = field(default_factory=dict)
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
        learner = self._lessons.setdefault(
            (sender, track.name), Learner(track.timescale, rate, self.duration)
        )
        shown = fragment.time + fragment.offset
        grid = learner.offer(shown, fragment.duration, fragment.sample_count)
        if grid is None:
            return None
        if track.key.kind is Kind.VIDEO:
            return self._pin(grid, fragment, utc)
        self._audio = self._audio or self._pin(grid, fragment, utc)
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
        self._audio = None

    def misfit(self, sender: object, source: str, fragment: Fragment, grid: Grid) -> str:
        """A sentence, once per sender, when video is not cut as long as the cells of the grid."""
        key = (sender, fragment.track.name)
        if len(self._measured) > MOST_LESSONS:
            self._measured.clear()
        learner = self._measured.setdefault(key, Learner(fragment.track.timescale))
        if learner is None or fragment.track.key.kind is not Kind.VIDEO:
            return ""
        shown = fragment.time + fragment.offset
        found = learner.offer(shown, fragment.duration, fragment.sample_count)
        if found is None:
            return ""
        self._measured[key] = None
        if found.D == grid.D:
            return ""
        return (
            f"{source} sends {fragment.track.name} in fragments of {_seconds(found.D)} s, not of"
            f" {_seconds(grid.D)} s: set its key frame distance, or fragment_duration"
        )

    def _pin(self, grid: Grid, fragment: Fragment, utc: int) -> Pin:
        end = Fraction(fragment.end, fragment.track.timescale)
        clock = Fraction(utc, 1000)
        local = self.anchor == "arrival" or (self.anchor == "auto" and abs(end - clock) > UTC_SLACK)
        epoch = round(clock - end) if local else 0
        return Pin("grid", replace(grid, base=self.base, epoch=epoch).encode())


def _seconds(exact: Fraction) -> str:
    """1.92 as such, 1001/500 as such, and thirds as a quotient: what the configuration takes."""
    millis = exact * 1000
    return f"{millis.numerator / 1000:g}" if millis.denominator == 1 else str(exact)
