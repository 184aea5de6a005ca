"""The plan of one stream."""

from itertools import pairwise

import pytest

from relay.encoder.plan import BACKLOG, FIRST_WAIT, LAST_CALL, LONGEST_WAIT, Plan
from relay.encoder.progress import State
from relay.encoder.stamp import Stamper
from relay.uplink.steps import Answer, End, Finish, Open, Probe, Wait
from tests.encoder.planned import (
    BEGAN,
    CELL,
    FIRST,
    OK,
    again,
    cells,
    due,
    live,
    numbers,
    plan,
    run,
    sent,
)


@pytest.mark.requirement("FMT-1a", "HTTP-7c", role="client")
def test_each_fragment_goes_out_when_its_time_is_over(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    header = stamper.header(stamper.tracks)
    assert sent(made, BEGAN) == header
    assert made.step(BEGAN) == Wait(due(1))
    assert made.step(due(1) - 1) == Wait(due(1))
    assert sent(made, due(1)) == b"".join(stamper.fragment(each, FIRST) for each in stamper.tracks)
    assert made.step(due(1)) == Wait(due(2))


@pytest.mark.parametrize("answer", [None, Answer(404, "INGEST_POINT_UNKNOWN"), Answer(202)])
@pytest.mark.requirement("HTTP-1a", "HTTP-2a", "HTTP-2b", role="client")
def test_media_waits_for_a_probe_that_is_answered_200(
    stamper: Stamper, answer: Answer | None
) -> None:
    made = plan(stamper)
    now = BEGAN
    waits = []
    for _ in range(12):
        assert made.step(now) == Probe()
        made.probed(answer, now)
        step = made.step(now)
        assert isinstance(step, Wait)
        waits.append(step.until - now)
        now = step.until
    assert waits[0] == FIRST_WAIT // 2
    assert all(later >= sooner for sooner, later in pairwise(waits))
    assert waits[-1] == LONGEST_WAIT // 2
    assert made.progress.answer.startswith(str(answer.status) if answer else "no connection")
    made.probed(OK, now)
    assert made.step(now) == Open()


def test_jitter_spreads_retries_over_half_of_the_wait(stamper: Stamper) -> None:
    made = Plan("main", stamper, stamper.tracks, BEGAN, jitter=lambda below: below - 1)
    made.probed(None, BEGAN)
    assert made.step(BEGAN) == Wait(BEGAN + FIRST_WAIT)


@pytest.mark.requirement("HTTP-7b", "SVC-3b", "SVC-5c", "SVC-5d", role="client")
def test_a_lost_connection_gets_header_last_two_and_goes_on(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(5))
    assert numbers(data) == cells(1, 2, 3, 4, 5)
    made.closed(None, now, delivered=len(data))
    now = again(made, now)
    resent = sent(made, now)
    assert resent.startswith(stamper.header(stamper.tracks))
    assert numbers(resent) == cells(4, 5)
    assert numbers(resent + run(made, now, due(7))[0]) == cells(4, 5, 6, 7)
    assert (made.progress.posts, made.progress.resent) == (2, 2 * len(stamper.tracks))


@pytest.mark.requirement("SVC-3a", "ENC-6a", role="client")
def test_what_the_peer_has_not_acknowledged_counts_as_not_sent(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    head, _, now = run(made, BEGAN, due(2))
    more, _, now = run(made, now, due(6))
    made.closed(None, now, delivered=len(head) + len(more) // 4 - 1)
    assert numbers(sent(made, again(made, now))) == cells(1, 2, 3, 4, 5, 6)


@pytest.mark.requirement("HTTP-7d", role="client")
def test_an_outage_is_made_up_for_in_order_up_to_the_backlog(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(3))
    made.closed(None, now, len(data))
    later = due(3 + BACKLOG // CELL + 10)
    assert made.step(later) == Probe()
    made.probed(OK, later)
    assert made.step(later) == Open()
    found = numbers(sent(made, later))
    assert found == list(range(found[0], FIRST + 3 + BACKLOG // CELL + 10))
    assert made.progress.skipped == 9
    assert found[0] == FIRST + 3 + 9 - 2


@pytest.mark.parametrize("status", [200, 400, 412, 503])
@pytest.mark.requirement("SVC-7c", role="client")
def test_any_early_answer_ends_the_post_and_nothing_else(stamper: Stamper, status: int) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(3))
    made.closed(Answer(status, "SAID"), now, len(data))
    assert made.progress.answer == f"{status} SAID"
    assert numbers(sent(made, again(made, now))) == cells(2, 3)


@pytest.mark.requirement("HTTP-5a", "HTTP-5b", role="client")
def test_stop_ends_the_body_and_200_makes_it_clean(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(2))
    made.stop()
    assert made.step(now) == Finish()
    made.closed(OK, now, len(data))
    assert made.step(now) == End(clean=True)
    assert made.progress.state is State.ENDED


@pytest.mark.parametrize("answer", [None, Answer(503)])
def test_an_end_without_200_is_not_clean(stamper: Stamper, answer: Answer | None) -> None:
    made = plan(stamper)
    live(made)
    data, _, now = run(made, BEGAN, due(2))
    made.stop()
    assert made.step(now) == Finish()
    made.closed(answer, now, len(data))
    assert made.step(now) == End(clean=False)


def test_a_programme_of_a_length_ends_by_itself_and_completely(stamper: Stamper) -> None:
    made = plan(stamper, ends=4 * CELL)
    live(made)
    data, step, now = run(made, BEGAN, due(50))
    assert (numbers(data), step) == (cells(1, 2, 3, 4), Finish())
    made.closed(None, now, len(data))  # its last answer never came: once more
    data, step, _ = run(made, again(made, now), due(50))
    assert (numbers(data), step) == (cells(3, 4), Finish())


def test_a_stream_that_cannot_reach_its_end_gives_up(stamper: Stamper) -> None:
    made = plan(stamper, ends=1000)
    made.probed(None, BEGAN)
    made.probed(None, BEGAN + 900)
    assert made.step(BEGAN + 900) == Wait(BEGAN + 1000)
    assert made.step(BEGAN + 1000) == End(clean=False)
    made = plan(stamper, ends=1000)
    live(made)
    made.closed(None, BEGAN + 500, 0)
    assert isinstance(made.step(BEGAN + 1000), Probe)
    assert made.step(BEGAN + 1000 + LAST_CALL) == End(clean=False)
