"""The truth about a channel's senders, for its operator: what is measured, and what is amiss.

It watches beside the river and decides nothing: what is published is the same without it. It is
told of each header, fragment and verdict, keeps what is counted and measured (`tally`, `heartbeat`,
`synchrony`, `visits`), and returns what is worth a line in log and journal: each alarm once when it
begins and once when it is over. A source that has been silent for `SILENT_MS`, or is gone
(`absence`), is no longer accused of anything: that it is lost has been told.

    SOURCE_LATE, ...       what becomes of a source's copies has changed (`tally`)
    SOURCE_OVERLAP, SOURCE_DISCONTINUITY, SOURCE_NONINCREASING, SOURCE_UNEXPECTED_BITRATE,
    SOURCE_DRIFT           a word of the heartbeat, often enough on some track of a source
    OUT_OF_SYNC            a source against the others (`synchrony`)
    RENDITIONS_UNALIGNED   a video rendition against the first one (`alignment`)
    and what the headers and D say (`inspection`)

Sans-IO.
"""

from dataclasses import asdict
from fractions import Fraction

from relay.arrival import Sender
from relay.diagnosis.absence import Absence
from relay.diagnosis.alarms import Alarm, Alarms
from relay.diagnosis.alignment import misaligned
from relay.diagnosis.heartbeat import RECENT, Heartbeat, Word
from relay.diagnosis.inspection import PARENT_UNKNOWN, Inspection, duration_range
from relay.diagnosis.lateness import Lateness
from relay.diagnosis.synchrony import Place, Synchrony
from relay.diagnosis.tally import WELL, Tally
from relay.diagnosis.visits import Visits
from relay.media import Copy, Fragment, Header, Kind, Track, Verdict
from relay.presentation import Presentation
from relay.timeline import Timeline
from relay.view import View

MOST_TRACKS = 128
SILENT_MS = 60_000
ACQUIT_MS = 1_000
"""How often it is asked who is silent."""
OUT_OF_SYNC = "out_of_sync"
"""The word beside those of the heartbeat."""

_MEANINGS = {
    Word.OVERLAP: "fragments begin before the end of those before them",
    Word.DISCONTINUITY: "fragments are missing, or begin too late",
    Word.NONINCREASING: "times do not rise",
    Word.BITRATE: "the bitrate is at least twice, or at most half, what the header says",
    Word.DRIFT: "fragments do not join what is published before them",
}


class Diagnosis:
    """What is known of one channel. `name` as in the configuration, `patience` in ms."""

    def __init__(self, name: str, patience: int) -> None:
        self.tally = Tally()
        self.heartbeat = Heartbeat()
        self.synchrony = Synchrony()
        self.alarms = Alarms()
        self.lateness = Lateness()
        self.visits = Visits()
        self._inspection = Inspection(name)
        self._absence = Absence()
        self._acquitted = 0
        self.patience = patience
        self._offsets: dict[str, int] = {}

    def began(self, sender: Sender) -> None:
        """A sender's POST has begun."""
        self._absence.began(sender)
        self.heartbeat.began(sender.source, sender.stream)
        self.visits.began(sender.source)

    def ended(self, sender: Sender, utc: int, how: str = "") -> None:
        """A sender's last POST is over. `how`, in words, unless others may follow at once."""
        if how:
            self.visits.ended(sender.source, utc, how)
        self._absence.ended(sender, utc)
        self._forget(utc)

    def header(self, sender: Sender, header: Header) -> list[Alarm]:
        """A sender's header came, and was accepted."""
        found = self._inspection.header(sender.source, sender.stream, header) or {}
        told: list[Alarm] = []
        for code, said in found.items():
            told += self.alarms.only(code, said, grave=code != PARENT_UNKNOWN)
        return told

    def fragment(self, sender: Sender, fragment: Fragment) -> list[Alarm]:
        """A sender's fragment came, whatever becomes of it."""
        track = fragment.track
        if track.key.kind is Kind.VIDEO and (track.name in self._offsets or self._room):
            self._offsets[track.name] = fragment.offset
        words = self.heartbeat.took(sender.source, sender.stream, fragment)
        return [told for word in sorted(words) for told in self._word(sender.source, word)]

    def note(self, copy: Copy, verdict: Verdict, view: View) -> list[Alarm]:
        """A copy got its verdict; `view` is what is published now."""
        timeline = view.timelines.get(copy.track)
        told = self._count(copy, verdict, timeline, view.presentation.grid.D)
        self._acquit(copy.arrival)
        rendition = view.presentation.rendition(copy.track)
        if rendition is None or timeline is None or verdict is Verdict.SUSPECT:
            return told
        place = self._place(copy, rendition.track, timeline, view.presentation)
        told += self._bound(
            "DURATION_RANGE",
            "fragments",
            duration_range(place.D),
            grave=False,
            measured=f"{float(place.D):g} s",
            configured="2 to 6 s",
        )
        standing = self.synchrony.took(copy, place)
        self._time(copy, verdict, place)
        if standing is None:
            return told
        pulse = self.heartbeat.pulses.get((copy.source, copy.track))
        if pulse is not None and place.joins is not None and not place.sparse:
            pulse.joined(off=standing.off)
            told += self._word(copy.source, Word.DRIFT)
        told += self._bound(
            "OUT_OF_SYNC",
            copy.source,
            self.synchrony.apart(copy.source),
            measured=_ms(self.synchrony.offset(copy.source)),
            configured=f"within {self.patience} ms of the others",
        )
        if rendition.track.key.kind is Kind.VIDEO and verdict is Verdict.ACCEPTED:
            told += self._align(view.presentation, copy.track)
        return told

    def _time(self, copy: Copy, verdict: Verdict, place: Place) -> None:
        first = copy if place.won is None else place.won
        resent = verdict is not Verdict.ACCEPTED and first.source == copy.source
        if verdict is not Verdict.HELD and not resent and not place.sparse:
            self.lateness.took(copy.source, copy.track, copy.arrival - first.arrival)

    def _forget(self, now: int) -> None:
        for sender in self._absence.gone(now):
            self.heartbeat.forget(sender.source, sender.stream)
            if not self._absence.of(sender.source):
                self._forgive(sender.source)

    def _forgive(self, source: str) -> None:
        self.alarms.forget(source, tracks=self._inspection.forget(source))

    def _acquit(self, now: int) -> None:
        if abs(now - self._acquitted) < ACQUIT_MS:
            return
        self._acquitted = now
        self._forget(now)
        for subject in {subject for _, subject in self.alarms.standing}:
            last = self.synchrony.last(subject)
            if last is not None and last < now - SILENT_MS:
                self._forgive(subject)

    def _count(
        self,
        copy: Copy,
        verdict: Verdict,
        timeline: Timeline | None,
        D: Fraction,  # noqa: N803 - the design's name
    ) -> list[Alarm]:
        differs, behind = None, 0
        if timeline is not None:
            behind = max(0, (timeline.next or 0) - 1 - copy.index)
            if verdict is Verdict.DUPLICATE:
                differs = timeline.differs(copy)
        change = self.tally.note(copy, verdict, differs, behind)
        if change is None:
            return []
        return [Alarm(change.code, change.sentence(D), change.state != WELL, asdict(change))]

    def _place(self, copy: Copy, track: Track, timeline: Timeline, shown: Presentation) -> Place:
        # Indexes rise from run to run, so what is found is of the copy's own.
        before, won = timeline.placed.get(copy.index - 1), timeline.find(copy.index)
        return Place(
            track.timescale,
            shown.grid.D,
            self.patience,
            epoch=shown.epoch_of(copy.run),
            joins=None if before is None else before.end,
            won=won if isinstance(won, Copy) else None,
            sparse=track.key.kind is Kind.TEXT,
        )

    def words(self, source: str, track: str) -> tuple[str, ...]:
        """What is wrong with a source's copies of a track now, in words; nothing: healthy."""
        pulse = self.heartbeat.pulses.get((source, track))
        standing = self.synchrony.standings.get((source, track))
        apart = (OUT_OF_SYNC,) if standing is not None and standing.apart else ()
        return (*(() if pulse is None else map(str, pulse.words)), *apart)

    def words_of(self, source: str) -> list[str]:
        """What is wrong with any of its tracks, each word once."""
        tracks = [track for who, track in self.heartbeat.pulses if who == source]
        return list(dict.fromkeys(word for track in tracks for word in self.words(source, track)))

    @property
    def _room(self) -> bool:
        return len(self._offsets) < MOST_TRACKS

    def _bound(
        self,
        code: str,
        subject: str,
        text: str,
        *,
        grave: bool = True,
        measured: str = "",
        configured: str = "",
    ) -> list[Alarm]:
        """The alarm stands while there is a sentence for it."""
        if text:
            return self.alarms.stand(
                code, subject, text, grave=grave, measured=measured, configured=configured
            )
        return self.alarms.over(code, subject)

    def _word(self, source: str, word: Word) -> list[Alarm]:
        code = f"SOURCE_{word.upper()}"
        tracks = self.heartbeat.tracks(source, word)
        if tracks:
            text = f"{source}, {', '.join(tracks)}: {_MEANINGS[word]}"
            measured, configured = self._figures(source, tracks[0], word)
            return self.alarms.stand(
                code,
                source,
                text,
                grave=word is not Word.BITRATE,
                measured=measured,
                configured=configured,
            )
        if self.heartbeat.any(source, word):
            return []  # once is no alarm, and not yet the end of one
        return self.alarms.over(code, source)

    def _figures(self, source: str, track: str, word: Word) -> tuple[str, str]:
        """What was measured for a word that holds, and what that is held against."""
        pulse = self.heartbeat.pulses[source, track]
        if word is Word.BITRATE:
            return f"{pulse.bitrate} bit/s", f"{pulse.promised} bit/s"
        if word is Word.DRIFT:
            standing = self.synchrony.standings.get((source, track))
            return _ms(None if standing is None else standing.drift), "half a frame"
        return f"{pulse.recently(word)} of the last {RECENT} fragments", "none"

    def _align(self, shown: Presentation, changed: str) -> list[Alarm]:
        told: list[Alarm] = []
        for name, (best, by) in misaligned(shown, self._offsets, changed).items():
            later = "later" if by > 0 else "earlier"
            text = (
                f"{name} is cut {abs(float(by)):.3f} s {later} than {best}, so players stumble when"
                " they change between them: set one key frame distance for all renditions"
            )
            told += self._bound(
                "RENDITIONS_UNALIGNED",
                name,
                text if by else "",
                measured=f"{float(by):+.3f} s",
                configured=f"as {best}",
            )
        return told


def _ms(found: int | None) -> str:
    return "" if found is None else f"{found:+d} ms"
