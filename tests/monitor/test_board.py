"""What the page shows of a channel."""

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.arrival import Sender
from relay.diagnosis import Diagnosis
from relay.journal import Journal
from relay.media import Copy, Entry, Gap, Kind, Verdict
from relay.monitor.board import board
from relay.monitor.cells import columns
from relay.monitor.patch import apply, diff
from relay.presentation import Presentation, fold, register
from tests.pieces import AUDIO, CELL, GRID, VIDEO, copy, fragment

PATIENCE = 1_500
ALIVE = 4_000 + PATIENCE
COLUMNS = columns(GRID.D)
"""ms for which a copy protects: two fragments of 2 s and the patience."""


class Bench:
    """A channel's rooms, filled by hand. Index n arrives when it ends, at 2 (n + 1) s."""

    def __init__(self) -> None:
        self.shown = Presentation("news", GRID, Fraction(120))
        for track in (AUDIO, VIDEO):
            self.shown = register(self.shown, track, track.key.bitrate)
        self.diagnosis = Diagnosis("news", PATIENCE)
        self.tally = self.diagnosis.tally
        self.journal = Journal()
        self.utc = 0

    def arrive(
        self, index: int, source: str = "a", *tracks: str, verdict: Verdict = Verdict.ACCEPTED
    ) -> None:
        self.utc = max(self.utc, (index + 1) * CELL)
        for track in tracks or (VIDEO.name, AUDIO.name):
            came = copy(index, source, track=track, arrival=self.utc)
            self.tally.note(came, verdict)
            if verdict is Verdict.ACCEPTED:
                self.shown = fold(self.shown, Entry(came))

    def both(self, *indexes: int) -> None:
        for index in indexes:
            self.arrive(index, "a")
            self.arrive(index, "b", verdict=Verdict.DUPLICATE)

    def look(self, after: int = 0, *, numbered: bool = True) -> dict[str, Any]:
        """The board `after` ms later."""
        return board(
            self.shown,
            self.diagnosis,
            self.journal,
            {VIDEO.name: 3},
            numbered=numbered,
            patience=PATIENCE,
            utc=self.utc + after,
        )

    def cells(self, source: str, after: int = 0) -> list[str]:
        """The words of a source's video, from its first index on."""
        cells = self.look(after)["sources"][source]["cells"][VIDEO.name]
        return [cells[str(index)] for index in sorted(map(int, cells))]


def test_a_channel_without_encoders_is_down() -> None:
    seen = Bench().look(numbered=False)
    assert (seen["protection"], seen["copies"], seen["sources"]) == ("DOWN", 0, {})
    assert not {"newest", "edge", "lag", "duration"} & set(seen)


def test_a_store_in_trouble_is_flagged_before_anything_is_known() -> None:
    bench = Bench()
    seen = board(
        bench.shown,
        bench.diagnosis,
        bench.journal,
        {},
        numbered=False,
        patience=PATIENCE,
        utc=0,
        degraded="the disk refuses",
    )
    assert seen["flags"] == {"STORE_DEGRADED": "the disk refuses"}


def test_two_sources_protect_one_is_exposed_none_is_down() -> None:
    bench = Bench()
    bench.both(0, 1, 2)
    assert (bench.look()["protection"], bench.look()["copies"]) == ("PROTECTED", 2)
    bench.arrive(3, "a")
    bench.arrive(4, "a")
    assert bench.look(PATIENCE)["protection"] == "PROTECTED"
    bench.arrive(5, "a")
    assert bench.look()["protection"] == "EXPOSED"
    assert bench.look(ALIVE)["protection"] == "EXPOSED"
    assert bench.look(ALIVE + 1)["protection"] == "DOWN"


def test_the_weakest_track_counts() -> None:
    bench = Bench()
    bench.arrive(0, "a")
    bench.arrive(0, "b", VIDEO.name, verdict=Verdict.DUPLICATE)
    seen = bench.look()
    assert seen["protection"] == "EXPOSED"
    assert seen["tracks"][VIDEO.name]["copies"] == 2
    assert seen["tracks"][AUDIO.name]["copies"] == 1


@pytest.mark.parametrize("verdict", [Verdict.LATE, Verdict.SUSPECT])
def test_a_source_whose_copies_are_of_no_use_protects_nobody(verdict: Verdict) -> None:
    bench = Bench()
    bench.arrive(0, "a")
    bench.arrive(0, "b", verdict=verdict)
    assert bench.look()["protection"] == "EXPOSED"
    assert bench.look()["sources"]["b"]["alive"]


def test_cells_tell_who_won_and_what_is_missing() -> None:
    bench = Bench()
    bench.both(5, 6)
    bench.arrive(7, "a")
    bench.both(8)
    bench.arrive(9, "a")
    assert bench.cells("a") == ["won"] * 5
    assert bench.cells("b") == ["duplicate", "duplicate", "missing", "duplicate", "waiting"]
    assert bench.look()["tracks"][VIDEO.name]["cells"] == dict.fromkeys("56789", "whole")


def test_a_source_that_has_gone_is_silent_and_a_hole_once_it_is_back() -> None:
    bench = Bench()
    bench.both(0, 1)
    for index in range(2, 6):
        bench.arrive(index, "a")
    assert bench.cells("b") == ["duplicate"] * 2 + ["silent"] * 4
    bench.both(6)
    assert bench.cells("b") == ["duplicate"] * 2 + ["missing"] * 4 + ["duplicate"]
    bench.arrive(7, "a")
    expected = ["duplicate"] * 2 + ["missing"] * 4 + ["duplicate", "silent"]
    assert bench.cells("b", ALIVE + CELL) == expected


def test_a_gap_is_one_for_everybody() -> None:
    bench = Bench()
    bench.both(0)
    hole = Gap(VIDEO.name, 0, 1, CELL, CELL, 0)
    bench.shown = fold(bench.shown, Entry(hole))
    bench.both(2)
    seen = bench.look()
    assert seen["tracks"][VIDEO.name]["cells"] == {"0": "whole", "1": "gap", "2": "whole"}
    assert bench.cells("a") == ["won", "missing", "won"]
    assert seen["tracks"][VIDEO.name]["gaps"] == 3


def test_a_new_run_is_a_break_with_a_time_of_its_own() -> None:
    bench = Bench()
    bench.both(0, 1)
    again = copy(2, run=1, time=0, arrival=9_000)
    bench.shown = replace(bench.shown, epochs=(1_000,))
    bench.shown = fold(bench.shown, Entry(again, discontinuity=True))
    seen = bench.look()
    assert seen["tracks"][VIDEO.name]["cells"] == {"0": "whole", "1": "whole", "2": "break"}
    assert (seen["begins"], seen["edge"]) == (1_000_000, 1_002_000)
    assert set(seen["flags"]) == {"LOCAL_TIMELINE"}
    bench.shown = replace(bench.shown, epochs=(0,))
    assert set(bench.look()["flags"]) == {"NEW_RUN"}


def test_the_timeline_is_as_wide_as_the_page() -> None:
    bench = Bench()
    bench.both(*range(2 * COLUMNS))
    seen = bench.look()
    expected = {str(index) for index in range(COLUMNS, 2 * COLUMNS)}
    assert set(seen["tracks"][VIDEO.name]["cells"]) == expected
    assert all(set(s["cells"][VIDEO.name]) == expected for s in seen["sources"].values())
    assert seen["newest"] == 2 * COLUMNS - 1


def test_sources_are_counted() -> None:
    bench = Bench()
    bench.both(0, 1)
    bench.tally.note(copy(1, "b", arrival=9_000), Verdict.DUPLICATE, "2 samples more")
    bench.arrive(1, "b", VIDEO.name, verdict=Verdict.LATE)
    seen = bench.look()["sources"]
    assert {**seen["a"], "cells": 0} == {
        "last": 4_000,
        "alive": True,
        "state": "well",
        "words": "",
        "won": 4,
        "duplicate": 0,
        "late": 0,
        "suspect": 0,
        "differs": 0,
        "posts": 0,
        "visits": 0,
        "reason": "",
        "left": 0,
        "gaps": 0,
        "cells": 0,
    }
    assert [seen["b"][what] for what in ("duplicate", "late", "differs")] == [5, 1, 1]
    assert seen["b"]["state"] == "late"


def test_a_source_has_the_words_of_all_its_tracks_once() -> None:
    bench = Bench()
    bench.both(0)
    for track in (VIDEO, AUDIO):
        for at in range(12):
            time = at * (CELL + 1000 * (at == 11))
            bench.diagnosis.fragment(Sender("a", "main"), fragment(time, of=track))
    assert bench.look()["sources"]["a"]["words"] == "discontinuity, unexpected bitrate"
    assert bench.look()["sources"]["b"]["words"] == ""


def test_the_edge_is_utc_and_the_lag_that_of_the_newest_arrival() -> None:
    bench = Bench()
    bench.both(0, 1)
    bench.shown = replace(bench.shown, updated=Fraction(9, 2))
    seen = bench.look()
    assert (seen["begins"], seen["edge"], seen["lag"]) == (2_000, 4_000, 500)
    bench.shown = replace(bench.shown, epoch=1_000)
    assert bench.look()["edge"] == 1_004_000
    assert bench.look()["flags"] == {"LOCAL_TIMELINE": "-output_ts_offset $(date +%s)"}


def test_a_phase_is_flagged_and_durations_are_exact() -> None:
    bench = Bench()
    grid = replace(GRID, D=Fraction(1001, 500), phase=Fraction("0.7"), learnt=True)
    bench.shown = replace(bench.shown, grid=grid)
    seen = bench.look()
    assert seen["flags"] == {"NOT_EPOCH_LOCKED": "0.7"}
    assert (seen["fragment_duration"], seen["learnt"]) == ("2.002", True)
    assert seen["duration"] == 2002


def test_tracks_are_in_a_stable_order_with_video_first() -> None:
    seen = Bench().look()["tracks"]
    assert [seen[name]["place"] for name in (VIDEO.name, AUDIO.name)] == [0, 1]
    assert seen[AUDIO.name]["kind"] == Kind.AUDIO


def test_events_are_shown_by_number() -> None:
    bench = Bench()
    bench.journal.note(5, "TIMELINE_GAP", "<b>", grave=True)
    assert bench.look()["events"] == {
        "1": {"at": 5, "code": "TIMELINE_GAP", "text": "<b>", "grave": True, "count": 1}
    }


COPIES = st.builds(
    copy,
    st.integers(0, 80),
    st.sampled_from(["a", "b", "<c>"]),
    track=st.sampled_from([VIDEO.name, AUDIO.name]),
    arrival=st.integers(0, 170_000),
)


@given(st.lists(st.tuples(COPIES, st.sampled_from(Verdict)), max_size=60), st.integers(0, 60))
def test_any_board_is_plain_values_without_null_and_follows_by_patches(
    history: list[tuple[Copy, Verdict]], later: int
) -> None:
    bench = Bench()
    before = bench.look()
    for came, verdict in history:
        bench.tally.note(came, verdict)
        newest = bench.shown.rendition(came.track)
        assert newest is not None
        if not newest.segments or newest.segments[-1].index + 1 == came.index:
            bench.shown = fold(bench.shown, Entry(came))
        bench.utc = max(bench.utc, came.arrival)
        after = bench.look(later * 1000)
        assert apply(before, diff(before, after)) == after
        before = after
    assert "null" not in json.dumps(before)
    assert json.loads(json.dumps(before)) == before
