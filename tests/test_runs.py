"""A restarted clock, a resent backlog, a source that is off: told apart."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.arrival import Sender
from relay.runs import CONVINCING, Run, Runs, Standing

D = Fraction(2)
MAIN = "main"


def on_air(edge: int = 1000, *sources: str, now: int = 0) -> Runs:
    runs = Runs(D, depth=60)
    for source in sources or ("a",):
        assert runs.place(Sender(source, MAIN), edge, now) is Standing.CURRENT
    return runs


def restart(runs: Runs, source: str, begins: int, first: int = 0) -> list[Standing]:
    return [
        runs.place(Sender(source, MAIN), first + count, begins + count * 2000)
        for count in range(CONVINCING)
    ]


def test_the_line_is_current_within_its_window() -> None:
    runs = on_air(1000)
    assert runs.place(Sender("a", MAIN), 1001, 2000) is Standing.CURRENT
    assert runs.place(Sender("b", MAIN), 941, 2000) is Standing.CURRENT
    assert runs.edge == 1001


def test_a_restarted_encoder_is_believed_at_its_third_fragment() -> None:
    runs = on_air(1000)
    assert restart(runs, "a", 8000) == [Standing.WAITING, Standing.WAITING, Standing.REWOUND]


def test_several_tracks_of_one_fragment_are_one_step() -> None:
    runs = on_air(1000)
    found = [runs.place(Sender("a", MAIN), raw, 8000 + raw * 2000) for raw in (0, 0, 1, 1, 2, 2)]
    assert found == [Standing.WAITING] * 4 + [Standing.REWOUND] * 2


def test_a_restart_within_the_window_is_one_too() -> None:
    runs = on_air(0)
    for index in range(1, 7):
        assert runs.place(Sender("a", MAIN), index, index * 2000) is Standing.CURRENT
    assert restart(runs, "a", 14_000) == [Standing.WAITING, Standing.WAITING, Standing.REWOUND]


def test_a_restart_soon_after_the_start_is_one_too() -> None:
    runs = on_air(0)
    for index in range(1, 6):
        runs.place(Sender("a", MAIN), index, index * 2000)
    assert restart(runs, "a", 14_000) == [Standing.WAITING, Standing.WAITING, Standing.REWOUND]


def test_the_last_fragments_may_be_resent() -> None:
    runs = on_air(1000)
    assert [runs.place(Sender("a", MAIN), raw, 10) for raw in (997, 998, 999, 1000)] == [
        Standing.CURRENT
    ] * 4


@pytest.mark.requirement("FMT-8a")
@pytest.mark.threat("T39")
def test_a_resent_backlog_is_late_however_long() -> None:
    """It comes faster than it plays."""
    runs = on_air(2000)
    found = [runs.place(Sender("a", MAIN), raw, 8000 + raw * 10) for raw in range(1, 1800)]
    assert found == [Standing.WAITING] + [Standing.LATE] * 1798


def test_a_resent_backlog_in_the_window_is_current() -> None:
    runs = on_air(1000)
    found = [runs.place(Sender("a", MAIN), raw, 8000 + raw) for raw in range(990, 996)]
    assert found == [Standing.WAITING] + [Standing.CURRENT] * 5


def test_another_source_on_the_line_means_refusal_once_it_is_sure() -> None:
    runs = on_air(1000, "a", "b", now=0)
    assert runs.place(Sender("a", MAIN), 0, 1000) is Standing.WAITING
    assert runs.place(Sender("a", MAIN), 1, 3000) is Standing.REFUSED
    assert runs.behind(0) == 2000


def test_a_delayed_encoder_may_join_a_line_that_is_alive() -> None:
    runs = on_air(1000)
    assert runs.place(Sender("b", MAIN), 990, 1000) is Standing.CURRENT


@pytest.mark.requirement("ENC-6e")
def test_a_replacement_may_begin_anew_when_nobody_is_left() -> None:
    runs = on_air(1000, now=0)
    assert restart(runs, "b", 60_000) == [Standing.WAITING, Standing.WAITING, Standing.REWOUND]


def test_a_source_that_fell_silent_no_longer_continues() -> None:
    runs = on_air(1000, "a", "b", now=0)
    assert runs.place(Sender("a", MAIN), 0, 6001) is Standing.WAITING
    assert runs.place(Sender("a", MAIN), 1, 8001) is Standing.WAITING


def paces(runs: Runs, lag: int, count: int = 40) -> set[Standing]:
    """One source at the pace of live: a stream of video, and one of audio that lags."""
    video, audio = Sender("a", "video"), Sender("a", "audio")
    found = set()
    for at in range(count):
        found.add(runs.place(video, 1000 + at, at * 2000, track="v"))
        if at >= lag:
            found.add(runs.place(audio, 1000 + at - lag, at * 2000 + 500, track="s"))
    return found


@pytest.mark.parametrize("lag", [0, 3, 4, 8, 20])
def test_a_track_that_lags_behind_the_others_of_its_source_has_not_gone_back(lag: int) -> None:
    assert paces(Runs(D, depth=60), lag) == {Standing.CURRENT}


def test_a_track_that_lags_when_the_relay_is_started_again_has_not_gone_back() -> None:
    runs = Runs(D, depth=60, edge=1000)
    found = [runs.place(Sender("a", "audio"), 993, 0, track="s")]
    for at in range(1, 10):
        found.append(runs.place(Sender("a", "video"), 1000 + at, at * 2000, track="v"))
        found.append(runs.place(Sender("a", "audio"), 993 + at, at * 2000 + 500, track="s"))
    assert found == [Standing.WAITING] + [Standing.CURRENT] * 18


def test_tracks_of_one_stream_may_be_far_apart() -> None:
    runs = Runs(D, depth=60)
    sender = Sender("a", MAIN)
    assert {runs.place(sender, at, 0, track="s") for at in range(8)} == {Standing.CURRENT}
    assert runs.place(sender, 0, 0, track="v") is Standing.CURRENT


@pytest.mark.threat("T39")
def test_one_track_whose_clock_goes_back_alone_is_refused() -> None:
    runs = on_air(1000)
    video, audio = Sender("a", "video"), Sender("a", "audio")
    found = []
    for at in range(20):
        assert runs.place(video, 1000 + at, at * 2000, track="v") is Standing.CURRENT
        raw = 1000 + at if at < 10 else at - 10
        found.append(runs.place(audio, raw, at * 2000 + 500, track="s"))
    assert found[9:12] == [Standing.CURRENT, Standing.WAITING, Standing.REFUSED]
    assert Standing.REWOUND not in found


def test_an_encoder_of_two_streams_that_restarts_begins_a_run_although_one_is_slower() -> None:
    runs = Runs(D, depth=60)
    paces(runs, 1)
    found = []
    for at in range(3):
        now = 84_000 + at * 2000
        found.append(runs.place(Sender("a", "video"), at, now, track="v"))
        if at:
            found.append(runs.place(Sender("a", "audio"), at - 1, now + 500, track="s"))
    assert found[:3] == [Standing.WAITING] * 3
    assert found[3] is Standing.REWOUND


def test_a_run_goes_on_above_all_numbers_and_times() -> None:
    runs = on_air(1000)
    run = runs.next(0, epoch=50)
    assert (run.number, run.start, run.offset) == (1, 1001, 1001)
    assert run.epoch == 2002  # not 50, which would lie in the old run
    assert runs.next(0, epoch=5000).epoch == 5000
    assert runs.enter(run)
    assert not runs.enter(run)
    assert runs.place(Sender("a", MAIN), 0, 9000) is Standing.CURRENT
    assert runs.place(Sender("a", MAIN), 1000, 9000) is Standing.CURRENT


def test_a_poisoned_far_future_makes_nothing_old() -> None:
    runs = on_air(1000)
    assert runs.place(Sender("a", MAIN), 10**6, 2000) is Standing.CURRENT
    assert runs.edge == 1000
    assert runs.place(Sender("a", MAIN), 1001, 4000) is Standing.CURRENT
    assert runs.edge == 1001


def test_a_burst_from_the_far_future_makes_nothing_old_while_another_goes_on() -> None:
    runs = on_air(1000, "a", "b")
    for step in range(2 * CONVINCING):
        assert runs.place(Sender("bad", MAIN), 10**9 + step, 2000) is Standing.CURRENT
        assert runs.place(Sender("b", "other"), 10**9 + step, 2000) is Standing.CURRENT
    assert runs.edge == 1000
    found = [runs.place(Sender("new", MAIN), 1001 + at, 2000 + at * 2000) for at in range(4)]
    assert found == [Standing.CURRENT] * 4
    assert runs.edge == 1004


def test_who_walks_ahead_of_his_time_leaves_nobody_behind() -> None:
    runs = on_air(1000, "a", "b")
    for step in range(1, 100):
        assert runs.place(Sender("a", MAIN), 1000 + step, 2000, 1001) is Standing.CURRENT
    assert runs.edge == 1004
    assert runs.place(Sender("b", MAIN), 1001, 3000, 1002) is Standing.CURRENT
    alone = on_air(1000, "a")
    for step in range(1, 100):
        alone.place(Sender("a", MAIN), 1000 + step, 2000, 1001)
    assert alone.edge == 1099


def test_a_line_of_which_all_senders_move_on_is_followed() -> None:
    runs = on_air(1000, "a", "b")
    for step in range(CONVINCING):
        for source in ("a", "b"):
            runs.place(Sender(source, MAIN), 5000 + step, 2000 * step)
    assert runs.edge == 5000 + CONVINCING - 1


def test_who_is_ahead_is_followed_once_the_others_are_silent() -> None:
    runs = on_air(1000, "a", "b")
    for step in range(8):
        runs.place(Sender("a", MAIN), 5000 + step, 2000 * step)
    assert runs.edge == 5007


def test_a_line_that_moved_on_is_followed() -> None:
    runs = on_air(1000)
    for step in range(CONVINCING):
        runs.place(Sender("a", MAIN), 5000 + step, 2000 * step)
    assert runs.edge == 5002


def test_a_run_survives_the_store() -> None:
    run = Run(3, -17, 4711, 1_767_225_600)
    assert Run.read(run.pin()) == run


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), max_size=40))
def test_numbers_never_come_back_whatever_the_restarts(steps: list[tuple[int, int]]) -> None:
    """Each step: an encoder restarts at a raw index and sends some fragments at its pace."""
    runs, now, used = Runs(D, depth=60), 0, set[int]()
    for raw, count in steps:
        highest = max(used, default=-1)
        for at in range(count % 50):
            now += 2000
            if runs.place(Sender("a", MAIN), raw + at, now) is Standing.REWOUND:
                runs.enter(runs.next(raw, epoch=0))
                assert runs.current.start > highest
                assert raw + runs.current.offset == runs.current.start
            if runs.place(Sender("a", MAIN), raw + at, now) is Standing.CURRENT:
                used.add(raw + at + runs.current.offset)


def test_sound_that_lags_a_cell_does_not_keep_a_jump_from_being_believed() -> None:
    runs = on_air(1000)
    for step in range(CONVINCING):
        for track, lag in (("video", 0), ("audio", 1)):
            runs.place(Sender("a", MAIN), 2000 + step - lag, 8000 + 2000 * step, None, track)
    assert runs.edge == 2000 + CONVINCING - 1
