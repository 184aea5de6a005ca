"""What is said of a channel's senders: each alarm once when it begins, once when it is over."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest

from relay.arrival import Sender
from relay.diagnosis import SILENT_MS, Diagnosis
from relay.diagnosis.absence import AWAY_MS
from relay.diagnosis.alarms import Alarm
from relay.diagnosis.heartbeat import RECENT
from relay.media import Copy, Fragment, Gap, Kind, Pin, Track, Verdict
from relay.numbering import Grid
from relay.presentation import Presentation, register
from relay.view import View
from tests.ingest.pushes import manifest, said
from tests.pieces import AUDIO, CELL, FRAME, GRID, VIDEO, copy, fragment, header, track

PATIENCE = 1_500
LOW = track("video", bitrate=300_000)
CUES = track("cues", Kind.TEXT, 0)
PLAIN = replace(VIDEO, key=replace(VIDEO.key, bitrate=0))


@dataclass(slots=True)
class Bench:
    """A diagnosis beside a view; index n arrives 300 ms after its end, in UTC."""

    grid: Grid = GRID
    diagnosis: Diagnosis = field(default_factory=lambda: Diagnosis("news", PATIENCE))
    view: View = field(init=False)

    def __post_init__(self) -> None:
        shown = Presentation("news", self.grid, Fraction(120))
        for each in (VIDEO, LOW, AUDIO, CUES):
            shown = register(shown, each, each.key.bitrate)
        self.view = View(shown, PATIENCE)

    def come(
        self, index: int, source: str = "a", late: int = 0, of: Track = VIDEO, delay: int = 300
    ) -> list[Alarm]:
        """A fragment that is a copy, `late` ticks from its cell: published if it is the first."""
        time = index * CELL + late
        arrival = (index + 1) * CELL + delay
        came = copy(index, source, time=time, track=of.name, arrival=arrival)
        told = self.take(fragment(time, of=of), source)
        timeline = self.view.timelines.get(of.name)
        if timeline is not None and isinstance(timeline.find(index), Copy):
            return told + self.diagnosis.note(came, Verdict.DUPLICATE, self.view)
        self.view.apply(came, 0)
        return told + self.diagnosis.note(came, Verdict.ACCEPTED, self.view)

    def take(self, came: Fragment, source: str = "a") -> list[Alarm]:
        return [
            alarm
            for alarm in self.diagnosis.fragment(Sender(source, "main"), came)
            if alarm.code != "SOURCE_UNEXPECTED_BITRATE"  # these fragments hold next to nothing
        ]

    def run(self, indexes: Iterable[int], **delays: int) -> list[str]:
        """These sources send these indexes. The codes that are told; small: that it is over."""
        told = [
            alarm
            for at in indexes
            for source, delay in delays.items()
            for alarm in self.come(at, source, delay=delay)
        ]
        return [alarm.code if alarm.grave else alarm.code.lower() for alarm in told]


def test_encoders_in_step_are_healthy() -> None:
    bench = Bench()
    for at in range(40):
        for source in "ab":
            for of in (VIDEO, AUDIO, LOW):
                assert bench.come(at, source, of=of) == []
    assert bench.diagnosis.synchrony.offset("b") == -300


def test_a_word_that_is_often_there_is_told_once_for_all_tracks_until_it_is_gone() -> None:
    bench = Bench()
    for of in (PLAIN, AUDIO):
        told = [bench.take(fragment(at * 2 * CELL, of=of)) for at in range(6)]
        flat = [alarm for each in told for alarm in each]
        text = f"a, {PLAIN.name}: fragments are missing, or begin too late"
        assert flat == ([Alarm("SOURCE_DISCONTINUITY", text)] if of is PLAIN else [])
        assert told[1] == []  # once is an accident
    ends = [
        bench.take(fragment((11 + at) * CELL, of=of)) for of in (PLAIN, AUDIO) for at in range(10)
    ]
    assert (
        [alarm for each in ends for alarm in each]
        == ends[-1]
        == [Alarm("SOURCE_DISCONTINUITY", "a: as it should be again", grave=False)]
    )


def test_a_bitrate_is_worth_a_line_and_no_alarm() -> None:
    diagnosis = Diagnosis("news", PATIENCE)
    told = [
        alarm
        for at in range(RECENT + 3)
        for alarm in diagnosis.fragment(Sender("a", "main"), fragment(at * CELL))
    ]
    assert [(alarm.code, alarm.grave) for alarm in told] == [("SOURCE_UNEXPECTED_BITRATE", False)]


def test_a_source_beside_the_timeline_drifts() -> None:
    bench = Bench()
    bench.come(0)
    for at in range(1, 20):
        bench.come(at)
        told = bench.come(at, "b", late=FRAME)
        drifts = [alarm for alarm in told if alarm.code == "SOURCE_DRIFT"]
        assert [alarm.text for alarm in drifts] == (
            [f"b, {VIDEO.name}: fragments do not join what is published before them"]
            if at == 2
            else []
        )
    assert bench.diagnosis.words("b", VIDEO.name) == ("unexpected_bitrate", "drift")
    assert bench.diagnosis.words("a", VIDEO.name) == ("unexpected_bitrate",)
    assert bench.diagnosis.synchrony.standings["b", VIDEO.name].drift == FRAME


def test_what_becomes_of_copies_is_told_beside_it_with_its_fields() -> None:
    bench = Bench()
    bench.come(0)
    (told,) = bench.diagnosis.note(copy(0, "b"), Verdict.LATE, bench.view)
    assert (told.code, told.grave) == ("SOURCE_LATE", True)
    assert told.facts["source"] == "b"
    assert bench.diagnosis.tally.state("b") == "late"
    (told,) = bench.diagnosis.note(copy(0, "c", time=100), Verdict.DUPLICATE, bench.view)
    assert (told.code, told.facts["detail"]) == ("SOURCE_DIFFERS", "time 100 instead of 0")


@pytest.mark.requirement("ENC-4a")
def test_a_source_that_comes_too_late_is_out_of_sync_until_it_does_not() -> None:
    bench = Bench()
    late = PATIENCE + 301
    assert bench.run(range(RECENT - 1), a=300, b=late) == []
    assert bench.run([RECENT - 1], a=300, b=late) == ["OUT_OF_SYNC"]
    assert bench.run([RECENT], a=300, b=late) == []
    assert bench.diagnosis.words("b", VIDEO.name)[-1] == "out_of_sync"
    assert "out_of_sync" in bench.diagnosis.words_of("b")
    assert bench.run([RECENT + 1], a=300, b=300) == ["out_of_sync"]


@pytest.mark.requirement("ENC-4a", "TIME-3b")
def test_a_rendition_with_other_boundaries_is_told_until_it_is_cut_alike() -> None:
    bench = Bench()
    told: list[Alarm] = []
    for at in range(6):
        told += [*bench.come(at), *bench.come(at, of=LOW, late=480)]
    (alarm,) = (each for each in told if each.code == "RENDITIONS_UNALIGNED")
    assert alarm.text.startswith(f"{LOW.name} is cut 0.480 s later than {VIDEO.name}, so")
    told = []
    for at in range(6, 10):
        told += [*bench.come(at), *bench.come(at, of=LOW)]
    (over,) = (each for each in told if each.code == "RENDITIONS_UNALIGNED")
    assert not over.grave


@pytest.mark.requirement("TIME-3b")
def test_renditions_are_aligned_by_when_they_are_shown() -> None:
    bench = Bench()
    bench.take(fragment(0, of=VIDEO, offset=2 * FRAME))
    for at in range(6):
        bench.come(at, of=LOW, late=2 * FRAME)
        bench.come(at)
        bench.take(fragment(at * CELL, of=VIDEO, offset=2 * FRAME))
        bench.diagnosis.note(copy(at + 1000), Verdict.ACCEPTED, bench.view)
    assert ("RENDITIONS_UNALIGNED", LOW.name) not in bench.diagnosis.alarms.standing


@pytest.mark.requirement("FMT-7a")
def test_a_duration_out_of_range_is_told_once_and_is_no_alarm() -> None:
    bench = Bench(grid=replace(GRID, D=Fraction(1, 2)))
    told = [alarm for at in range(4) for alarm in bench.come(at)]
    (said,) = (alarm for alarm in told if alarm.code == "DURATION_RANGE")
    assert said.text.startswith("fragments are 0.5 s long, and should be 2 to 6 s")
    assert not said.grave


@pytest.mark.requirement("SPARSE-3a")
def test_what_headers_say_is_told_once_and_once_more_when_it_is_mended() -> None:
    diagnosis = Diagnosis("news", PATIENCE)
    events = replace(CUES, parent="video")

    def told(**words: str) -> list[tuple[str, bool]]:
        box = manifest(said("textstream", 1, 0, trackName="cues", **words))
        alarms = diagnosis.header(Sender("a", "cues"), header(events, data=box.data))
        return [(alarm.code, alarm.grave) for alarm in alarms]

    assert told() == [("MANIFEST_OUTPUT", True), ("PARENT_UNKNOWN", False)]
    assert told() == []
    assert told(manifestOutput="true") == [("MANIFEST_OUTPUT", False)]


@pytest.mark.parametrize("but", ["", "it has another stream", "it sends events only"])
def test_nothing_is_said_of_a_source_that_is_gone_until_it_is_back(but: str) -> None:
    bench, sender, events = Bench(), Sender("b", "main"), replace(CUES, parent="video")
    box = manifest(said("textstream", 1, 0, trackName="cues", manifestOutput="true"))
    media = () if but == "it sends events only" else (AUDIO,)
    came = header(events, *media, data=box.data)
    bench.diagnosis.began(sender)
    (told,) = bench.diagnosis.header(sender, came)
    alarm = (told.code, f"b, {CUES.name}")
    if but == "it has another stream":
        bench.diagnosis.began(Sender("b", "other"))
    bench.diagnosis.ended(sender, 0, "broke off")
    assert bench.run(range(AWAY_MS // CELL - 1), a=300) == []
    assert alarm in bench.diagnosis.alarms.standing
    assert bench.run(range(AWAY_MS // CELL - 1, AWAY_MS // CELL + 2), a=300) == []
    assert (alarm in bench.diagnosis.alarms.standing) is bool(but)
    assert bench.diagnosis.header(Sender("a", "main"), header(AUDIO)) == []
    assert bench.diagnosis.header(sender, came) == ([] if but else [told])


@pytest.mark.parametrize("events_only", [False, True])
def test_a_silent_source_that_is_back_is_told_what_its_header_says(*, events_only: bool) -> None:
    bench, sender, events = Bench(), Sender("b", "main"), replace(CUES, parent="other")
    box = manifest(said("textstream", 1, 0, trackName="cues", manifestOutput="true"))
    came = header(events, *(() if events_only else (AUDIO,)), data=box.data)
    (told,) = bench.diagnosis.header(sender, came)
    bench.run(range(RECENT), a=300, b=4_000)
    assert {("OUT_OF_SYNC", "b"), (told.code, f"b, {CUES.name}")} <= set(
        bench.diagnosis.alarms.standing
    )
    bench.run(range(RECENT, RECENT + (SILENT_MS + 4_000) // CELL + 2), a=300)
    of_b = {key for key in bench.diagnosis.alarms.standing if key[1].startswith("b")}
    assert of_b == ({(told.code, f"b, {CUES.name}")} if events_only else set())
    assert bench.diagnosis.header(sender, came) == ([] if events_only else [told])


@pytest.mark.parametrize(("away", "resent"), [(AWAY_MS - CELL, 1), (AWAY_MS, 0)])
def test_what_a_sender_that_was_gone_sends_again_is_not_resent(away: int, resent: int) -> None:
    bench, sender = Bench(), Sender("b", "main")
    bench.diagnosis.began(sender)
    bench.take(fragment(0), "b")
    bench.diagnosis.ended(sender, 0, "broke off")
    bench.run(range(away // CELL), a=300)
    bench.diagnosis.began(sender)
    bench.take(fragment(0), "b")
    assert bench.diagnosis.heartbeat.pulses["b", VIDEO.name].resent == resent


def test_a_source_that_is_silent_is_no_longer_accused() -> None:
    bench = Bench()
    bench.run(range(RECENT), a=300, b=4_000)
    assert ("OUT_OF_SYNC", "b") in bench.diagnosis.alarms.standing
    last = RECENT * CELL + 4_000
    until = (last + SILENT_MS - 300) // CELL - 1
    bench.run(range(RECENT, until + 1), a=300)
    assert ("OUT_OF_SYNC", "b") in bench.diagnosis.alarms.standing
    assert bench.run([until + 1], a=300) == []
    assert ("OUT_OF_SYNC", "b") not in bench.diagnosis.alarms.standing


def test_what_has_no_place_is_not_measured() -> None:
    bench = Bench()
    bench.come(0)
    bench.diagnosis.note(copy(10**6, "b"), Verdict.SUSPECT, bench.view)
    bench.diagnosis.note(copy(1, "b", track="unknown"), Verdict.ACCEPTED, bench.view)
    assert bench.diagnosis.synchrony.last("b") is None


def test_a_copy_of_another_run_has_no_join() -> None:
    bench = Bench()
    bench.come(0)
    run = Pin("run/1", b'{"offset": 5, "start": 6, "epoch": 100}')
    bench.view.apply(run, 0)
    bench.diagnosis.note(copy(1, run=0), Verdict.LATE, bench.view)
    bench.diagnosis.note(copy(6, run=1, arrival=0), Verdict.ACCEPTED, bench.view)
    standing = bench.diagnosis.synchrony.standings["a", VIDEO.name]
    assert (standing.drift, standing.offset) == (None, 7 * CELL + 100_000)


def test_after_a_gap_a_copy_joins_the_gap() -> None:
    bench = Bench()
    bench.come(0)
    bench.view.apply(Gap(VIDEO.name, 0, 1, CELL, CELL, 0), 0)
    bench.come(2, late=7)
    assert bench.diagnosis.synchrony.standings["a", VIDEO.name].drift == 7


def test_a_resent_copy_is_not_late() -> None:
    bench = Bench()
    for at in range(3):
        bench.come(at)
        bench.come(at)
    counts = bench.diagnosis.lateness.histograms["a", VIDEO.name].counts
    assert (counts[0], sum(counts)) == (3, 3)
    bench.come(2, "b", delay=460)
    assert bench.diagnosis.lateness.histograms["b", VIDEO.name].counts[3] == 1, "160 ms later"
