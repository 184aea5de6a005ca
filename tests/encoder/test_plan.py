"""The plan of one stream, with the clock and the other end in the test's hands."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from relay.encoder.faults import Faults, parse
from relay.encoder.plan import BACKLOG, FIRST_WAIT, LAST_CALL, LONGEST_WAIT, Plan
from relay.encoder.progress import State
from relay.encoder.stamp import Stamper
from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.reader import BoxReader
from relay.uplink.steps import Answer, Cut, End, Finish, Open, Probe, Send, Step, Wait

CELL = 1920
FIRST = 932_000_000
BEGAN = FIRST * CELL + 700
OK = Answer(200)


def plan(stamper: Stamper, *faults: str, ends: int | None = None) -> Plan:
    wrong = Faults([parse(text) for text in faults])
    until = None if ends is None else BEGAN + ends
    return Plan("main", stamper, stamper.tracks, BEGAN, until, wrong)


def live(made: Plan, now: int = BEGAN) -> None:
    assert made.step(now) == Probe()
    made.probed(OK, now)
    assert made.step(now) == Open()


def sent(made: Plan, now: int) -> bytes:
    """All bytes that go out at once; what follows them is to wait."""
    data, step, _ = run(made, now, now)
    assert isinstance(step, Wait)
    return data


def run(made: Plan, now: int, until: int) -> tuple[bytes, Step, int]:
    """Send until a moment or until something else than waiting is due: bytes, step, when."""
    parts = []
    while True:
        step = made.step(now)
        if isinstance(step, Send):
            parts.append(step.data)
        elif isinstance(step, Wait) and step.until <= until:
            now = step.until
        else:
            return b"".join(parts), step, now


def numbers(data: bytes) -> list[int]:
    """The cells that a body holds, one for each fragment of the first track."""
    return [found.time * 25 // found.track.timescale // 48 for found in told(data)]


def told(data: bytes) -> list[Fragment]:
    session = Session("main")
    found = [item for box in BoxReader().feed(data) for item in session.take(box)]
    assert isinstance(found[0], Header)
    fragments = [item for item in found if isinstance(item, Fragment)]
    return [item for item in fragments if item.track.key.bitrate == 300_000]


def cells(*ordinals: int) -> list[int]:
    return [FIRST + ordinal - 1 for ordinal in ordinals]


def due(ordinal: int) -> int:
    return (FIRST + ordinal) * CELL


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
    now = _again(made, now)
    again = sent(made, now)
    assert again.startswith(stamper.header(stamper.tracks))
    assert numbers(again) == cells(4, 5)
    assert numbers(again + run(made, now, due(7))[0]) == cells(4, 5, 6, 7)
    assert (made.progress.posts, made.progress.resent) == (2, 2 * len(stamper.tracks))


def _again(made: Plan, now: int) -> int:
    """Wait, probe, open; when that is."""
    step = made.step(now)
    assert isinstance(step, Wait)
    live(made, step.until)
    return step.until


@pytest.mark.requirement("SVC-3a", "ENC-6a", role="client")
def test_what_the_peer_has_not_acknowledged_counts_as_not_sent(stamper: Stamper) -> None:
    made = plan(stamper)
    live(made)
    head, _, now = run(made, BEGAN, due(2))
    more, _, now = run(made, now, due(6))
    made.closed(None, now, delivered=len(head) + len(more) // 4 - 1)
    assert numbers(sent(made, _again(made, now))) == cells(1, 2, 3, 4, 5, 6)


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
    assert numbers(sent(made, _again(made, now))) == cells(2, 3)


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
    data, step, _ = run(made, _again(made, now), due(50))
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


def body(stamper: Stamper, *faults: str, last: int = 6) -> list[int]:
    made = plan(stamper, *faults)
    live(made)
    return numbers(run(made, BEGAN, due(last))[0])


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (["drop=2-3"], [1, 4, 5, 6]),
        (["duplicate=2"], [1, 2, 2, 3, 4, 5, 6]),
        (["reorder=2"], [1, 3, 2, 4, 5, 6]),
        (["reorder=2", "drop=3"], [1, 2, 4, 5, 6]),
    ],
)
def test_faults_of_the_order(stamper: Stamper, faults: list[str], expected: list[int]) -> None:
    assert body(stamper, *faults) == cells(*expected)


def test_late_and_stalled_fragments(stamper: Stamper) -> None:
    made = plan(stamper, "delay=500", "stall=3@2")
    live(made)
    sent(made, BEGAN)
    assert made.step(BEGAN) == Wait(due(1) + 500)
    sent(made, due(1) + 500)
    assert run(made, due(1) + 500, due(2) + 500)[1] == Wait(due(2) + 3500)
    assert made.step(due(2) + 3499) == Wait(due(2) + 3500)
    data, _, _ = run(made, due(2) + 3500, due(4))
    assert data.startswith(stamper.fragment(stamper.tracks[0], FIRST + 1))


def test_a_connection_breaks_at_the_byte_and_its_rest_comes_again(stamper: Stamper) -> None:
    made = plan(stamper, "kill@30000")
    live(made)
    data, step, now = run(made, BEGAN, due(50))
    assert (len(data), step) == (30_000, Cut())
    made.closed(None, now, 30_000)
    whole = (now // CELL - FIRST) - 1  # the last one is cut
    again, step, _ = run(made, _again(made, now), due(9))
    assert numbers(again) == cells(*range(max(1, whole - 1), 10))
    assert isinstance(step, Wait)


def test_a_connection_breaks_at_a_moment(stamper: Stamper) -> None:
    made = plan(stamper, "kill=5")
    live(made)
    _, step, now = run(made, BEGAN, due(50))
    assert (step, now) == (Cut(), BEGAN + 5000)


def test_a_damaged_fragment_is_whole_when_it_is_sent_again(stamper: Stamper) -> None:
    made = plan(stamper, "corrupt=2")
    live(made)
    data, _, now = run(made, BEGAN, due(2))
    right = [stamper.fragment(each, FIRST + 1) for each in stamper.tracks]
    assert not any(fragment in data for fragment in right)
    made.closed(Answer(400), now, len(data))
    again = sent(made, _again(made, now))
    assert all(fragment in again for fragment in right)


def test_an_encoder_that_begins_anew_knows_nothing_of_its_first_life(stamper: Stamper) -> None:
    made = plan(stamper, "restart-at-zero=3")
    live(made)
    data, step, now = run(made, BEGAN, due(50))
    assert (numbers(data), step, now) == (cells(1, 2), Cut(), due(3))
    made.closed(None, now, len(data))
    again, step, _ = run(made, _again(made, now), due(6))
    assert isinstance(step, Wait)
    assert _shown(again) == [0, 1, 2, 3]


def _shown(data: bytes) -> Sequence[int]:
    """Presentation times in cells."""
    return [(f.time + f.offset) * 25 // (48 * f.track.timescale) for f in told(data)]


def test_poison_is_in_the_fragment_however_often_it_is_sent(stamper: Stamper) -> None:
    made = plan(stamper, "poison=2")
    live(made)
    data, _, now = run(made, BEGAN, due(3))
    ten_years = 315_576_000 * 25 // 48
    assert _shown(data) == [FIRST, FIRST + 1 + ten_years, FIRST + 2]
    made.closed(None, now, len(data))
    assert _shown(sent(made, _again(made, now))) == [FIRST + 1 + ten_years, FIRST + 2]
