"""One stream whose other end fails: what is said, when it is tried again, and what is resent."""

from dataclasses import asdict

import pytest

from relay.uplink.attempt import State
from relay.uplink.cursor import IN_DOUBT, Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.standing import together
from relay.uplink.steps import Answer, End, Fetch, Finish, Probe, Send, Wait
from relay.uplink.uplink import Uplink
from tests.uplink.world import (
    FIRST,
    LATER,
    OK,
    Receiver,
    World,
    grown,
    live,
    made_for,
    media,
    names,
    opened,
    pumped,
    sent,
)


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (None, State.RETRYING, "gone"),
        (Answer(403, "NO"), State.REFUSED, "403 NO"),
        (Answer(401), State.REFUSED, "401"),
        (Answer(404), State.REFUSED, "404"),
        (Answer(412), State.REFUSED, "412"),
        (Answer(415), State.REFUSED, "415"),
        (Answer(307), State.REFUSED, "307"),
        (Answer(408), State.RETRYING, "408"),
        (Answer(429), State.RETRYING, "429"),
        (Answer(500), State.RETRYING, "500"),
        (Answer(503), State.RETRYING, "503"),
        (Answer(200), State.RETRYING, "200 before the end of the POST"),
    ],
)
@pytest.mark.requirement("SVC-7b", "SVC-7c", "HTTP-1b", role="client")
def test_what_ends_a_post_early_is_a_failure_with_its_status(
    answer: Answer | None, state: State, said: str
) -> None:
    world = grown(1)
    made = made_for(world)
    opened(made, 0)
    body, now = live(made, world, 0)
    made.closed(answer, now, len(body), "gone")
    assert (made.standing.state, made.standing.reason) == (state, said)
    assert made.standing.failing
    assert made.standing.sent == 2
    assert isinstance(made.step(now), Wait)


@pytest.mark.requirement("HTTP-2a", "HTTP-2b", role="client")
def test_only_a_200_to_the_probe_leads_to_media() -> None:
    world = grown(1)
    for answer in (None, Answer(201), Answer(404), Answer(500)):
        made = made_for(world)
        assert made.step(0) == Probe()
        made.probed(answer, 0, "why")
        assert isinstance(made.step(0), Wait)
        assert made.standing.answers == ({} if answer is None else {str(answer.status): 1})


def test_answers_are_counted_by_status() -> None:
    world = grown(1)
    made = made_for(world)
    opened(made, 0)
    body, now = live(made, world, 0)
    made.closed(Answer(412), now, len(body), "")
    assert made.standing.answers == {"200": 1, "412": 1}
    both = together([made.standing, made.standing])
    assert asdict(both)["answers"] == {"200": 2, "412": 2}


@pytest.mark.requirement("SVC-4a", role="client")
def test_waits_double_from_one_second_to_thirty_and_start_anew_when_all_is_well() -> None:
    world = grown(1)
    for chance in (lambda k: 0, lambda k: k - 1):
        made = Uplink(Stamps.of(world.header), jitter=chance)
        made.see(world.shown)
        waits, now = [], 0
        for _ in range(8):
            assert made.step(now) == Probe()
            made.probed(None, now)
            step = made.step(now)
            assert isinstance(step, Wait)
            assert made.standing.again == step.until
            waits.append(step.until - now)
            now = step.until
        assert made.step(now) == Probe()
        assert made.standing.again == 0
        least = [1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]
        assert waits == least if chance(9) == 0 else waits == [2 * each for each in least]
        opened(made, now)
        body, _ = live(made, world, now)
        made.acknowledged(len(body), now + 5_000)
        assert not made.standing.failing
        made.closed(None, now + 6_000, len(body))
        step = made.step(now + 6_000)
        assert isinstance(step, Wait)
        assert step.until - now - 6_000 in (1000, 2000)
        assert made.standing.retries == 9


@pytest.mark.parametrize(("after", "wait"), [(7_000, 7_000), (100, 1_000), (10**9, 300_000)])
def test_retry_after_is_obeyed_within_reason(after: int, wait: int) -> None:
    made = made_for(grown(1))
    made.step(0)
    made.probed(Answer(503, "busy", after), 0)
    assert made.step(0) == Wait(wait)


@pytest.mark.requirement("HTTP-7b", "SVC-3a", "SVC-3b", "SVC-5d", role="client")
def test_a_resumed_post_resends_the_last_two_of_each_track_before_what_was_acknowledged() -> None:
    world = grown(8)
    made = made_for(world)
    opened(made, 0)
    _body, now = live(made, world, 0)
    ends = [end for end, _, _ in made._ends]
    made.acknowledged(ends[11] + 5, now)  # six cells, and a little of the seventh
    made.closed(None, now + IN_DOUBT + 1, ends[11] + 7)
    again = now + LATER
    opened(made, again)
    names_, _ = sent(made, world, again)
    assert names_ == names(world, *range(FIRST + 4, FIRST + 8))
    assert made.standing.sent == 12


@pytest.mark.requirement("ENC-6a", "ENC-6d", role="client")
def test_what_was_acknowledged_a_moment_ago_may_have_died_with_the_receiver() -> None:
    world = grown(8)
    made = made_for(world)
    opened(made, 0)
    body, now = live(made, world, 0)
    made.acknowledged(len(body), now)
    made.closed(None, now + 100, len(body))
    opened(made, now + IN_DOUBT - 1)
    names_, _ = sent(made, world, now + IN_DOUBT - 1)
    assert names_ == names(world, *range(FIRST, FIRST + 8))


@pytest.mark.requirement("ENC-6a", "ENC-6d", role="client")
def test_what_was_in_doubt_at_a_failure_stays_so_however_long_the_way_back_takes() -> None:
    world = grown(8)
    made = made_for(world)
    opened(made, 0)
    body, now = live(made, world, 0)
    made.acknowledged(len(body), now)
    made.closed(None, now + 100, len(body))
    for _ in range(3):  # it is tried again in vain, and once cut in mid-body
        now += 60_000
        assert made.step(now) == Probe()
        made.probed(None, now)
    assert Cursor.of(made.cursor.kept()).reached == dict.fromkeys(world.names, FIRST - 1)
    now += 60_000
    opened(made, now)
    body, now = live(made, world, now)
    assert [media(one) for one in Receiver(world).read(body)] == names(
        world, *range(FIRST, FIRST + 8)
    )
    made.acknowledged(made._ends[3][0], now)
    made.closed(None, now + IN_DOUBT + 1, 0)
    now += 60_000
    opened(made, now)
    assert sent(made, world, now)[0] == names(world, *range(FIRST + 2, FIRST + 8))
    assert made.standing.sent == 16


@pytest.mark.requirement("SVC-3a", role="client")
def test_half_a_fragment_is_nothing() -> None:
    world = grown(1)
    made = made_for(world)
    opened(made, 0)
    _body, now = live(made, world, 0)
    made.closed(None, now, made._ends[0][0] - 1)
    assert made.standing.sent == 0
    assert made.cursor.reached == dict.fromkeys(world.names, FIRST - 1)


@pytest.mark.requirement("HTTP-7d", role="client")
def test_what_left_the_window_before_it_could_go_up_is_lost_and_counted() -> None:
    world = World(window=10)
    made = Uplink(Stamps.of(world.header))
    for index in range(FIRST, FIRST + 12):
        world.grow(index, gap=index == FIRST + 3)
        made.see(world.shown)
    opened(made, 0)
    names_, now = sent(made, world, 0)
    assert names_ == names(world, *range(FIRST + 7, FIRST + 12))
    assert made.standing.lost == 2 * 6
    made.closed(None, now, made.handed)
    opened(made, now + LATER)
    sent(made, world, now + LATER)
    assert made.standing.lost == 2 * 6


def test_bytes_that_are_gone_or_damaged_are_lost_and_the_rest_goes_up() -> None:
    world = grown(4)
    del world.stored[Fetch(world.names[0], 0, FIRST)]
    world.stored[Fetch(world.names[1], 0, FIRST + 1)] = b"\0\0\0\x08what"
    world.stored[Fetch(world.names[1], 0, FIRST + 2)] = b"\0\0"
    made = made_for(world)
    opened(made, 0)
    names_, _ = sent(made, world, 0)
    left_out = {f"{world.names[0]}/{FIRST}", f"{world.names[1]}/{FIRST + 1}"}
    left_out.add(f"{world.names[1]}/{FIRST + 2}")
    expected = names(world, *range(FIRST, FIRST + 4))
    assert names_ == [name for name in expected if name not in left_out]
    assert made.standing.lost == 3


@pytest.mark.requirement("HTTP-7c", "ENC-6b", role="client")
def test_a_restart_goes_on_where_it_was() -> None:
    world = grown(6)
    kept = Cursor.of(
        {"sequence": 41, "reached": dict.fromkeys(world.names, FIRST + 3), "events": {}}
    )
    made = made_for(world, cursor=kept)
    assert made.standing.backlog == 4
    opened(made, 0)
    body, _ = live(made, world, 0)
    receiver = Receiver(world)
    found = [media(one) for one in receiver.read(body)]
    assert found == names(world, *range(FIRST + 2, FIRST + 6))
    assert receiver.numbers(body) == list(range(42, 50))


def test_a_restart_after_more_than_the_window_says_what_was_lost() -> None:
    world = grown(3)
    made = made_for(world, cursor=Cursor(dict.fromkeys(world.names, FIRST - 11)))
    assert made.step(0) == Probe()
    assert made.standing.lost == 2 * 10


def test_a_cursor_of_another_history_counts_for_nothing() -> None:
    world = grown(3, first=10)
    made = made_for(world, cursor=Cursor(dict.fromkeys(world.names, FIRST)))
    opened(made, 0)
    assert sent(made, world, 0)[0] == names(world, 10, 11, 12)


@pytest.mark.parametrize("answer", [None, Answer(500)])
@pytest.mark.requirement("HTTP-5b", role="client")
def test_an_end_that_is_not_answered_well_is_a_failure(answer: Answer | None) -> None:
    world = grown(1)
    made = made_for(world)
    opened(made, 0)
    body, _now = live(made, world, 0)
    assert made.step(LATER) == Finish()
    made.closed(answer, LATER, len(body), "no answer")
    assert made.standing.state is State.RETRYING
    assert made.standing.retries == 1


def test_stop_ends_behind_the_current_fragment() -> None:
    world = grown(2)
    made = made_for(world)
    opened(made, 0)
    step = made.step(0)
    assert isinstance(step, Send)
    body = bytearray(step.data)
    body += pumped(made, world, 0, 0, most=1)[0]
    made.stop()
    rest, step, _ = pumped(made, world, 0, 0)
    assert step == Finish()
    assert [media(one) for one in Receiver(world).read(bytes(body + rest))] == names(world, FIRST)[
        :1
    ]
    made.closed(OK, 10, made.handed)
    assert made.step(11) == End(clean=True)


def test_stop_while_waiting_ends_at_once() -> None:
    made = made_for(grown(1))
    made.step(0)
    made.probed(None, 0)
    made.stop()
    assert made.step(1) == End(clean=False)
