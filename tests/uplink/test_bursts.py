"""A sparse stream: short POSTs with what is new, and a header alone when there is nothing."""

from dataclasses import replace

import pytest

from relay.uplink.attempt import State
from relay.uplink.bursts import MOST, Bursts
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Answer, End, Fetch, Probe, Short, Step, Wait
from relay.uplink.uplink import FOREVER
from tests.uplink.world import FIRST, OK, Receiver, World, media

REST = FOREVER


def sparse() -> World:
    world = World()
    told = world.header.tracks[0]
    cues = replace(told, track=replace(told.track, parent="video"))
    return World(replace(world.header, tracks=(cues,)))


def bursts(world: World, cursor: Cursor | None = None) -> Bursts:
    made = Bursts(Stamps.of(world.header), cursor or Cursor())
    made.see(world.shown)
    return made


def stepped(made: Bursts, world: World, now: int) -> Step:
    """The next step that is no Fetch."""
    while isinstance(step := made.step(now), Fetch):
        world.bring(made, step)
    return step


def probed(made: Bursts, world: World, now: int) -> bytes:
    """Through the probe; the body of the short POST behind it."""
    assert made.step(now) == Probe()
    made.probed(OK, now)
    step = stepped(made, world, now)
    assert isinstance(step, Short)
    assert made.handed == len(step.data)
    return step.data


def indexes(world: World, body: bytes) -> list[int]:
    return [int(media(found).rpartition("/")[2]) for found in Receiver(world).read(body)]


def announced(world: World) -> Bursts:
    made = bursts(world)
    assert probed(made, world, 0) == world.header.data
    made.closed(OK, 1, 0)
    return made


@pytest.mark.requirement("SPARSE-4a", "SPARSE-4c", "FMT-1a", role="client")
def test_the_header_goes_up_alone_at_the_start_and_then_no_post_is_open() -> None:
    made = announced(sparse())
    assert made.step(2) == Wait(2 + REST)
    assert (made.standing.state, made.standing.posts) == (State.PAUSED, 1)


@pytest.mark.requirement(
    "SPARSE-4b", "SPARSE-4d", "SPARSE-4e", "SPARSE-5a", "SVC-6b", role="client"
)
def test_what_is_new_goes_up_at_once_and_only_that() -> None:
    world = sparse()
    made = announced(world)
    world.grow(FIRST)
    world.grow(FIRST + 7)
    made.see(world.shown)
    step = stepped(made, world, 10)
    assert isinstance(step, Short)
    assert indexes(world, step.data) == [FIRST, FIRST + 7]
    made.closed(OK, 11, 0)
    assert made.step(12) == Wait(12 + REST)
    world.grow(FIRST + 8)
    made.see(world.shown)
    step = stepped(made, world, 20)
    assert isinstance(step, Short)
    assert indexes(world, step.data) == [FIRST + 8]
    assert Receiver(world).numbers(step.data) == [made.cursor.sequence]
    made.closed(OK, 21, 0)
    assert made.standing.lost == 0


@pytest.mark.parametrize("answer", [None, Answer(503), Answer(403)])
@pytest.mark.requirement("SPARSE-6a", role="client")
def test_what_was_not_answered_well_goes_up_again_behind_a_probe(answer: Answer | None) -> None:
    world = sparse()
    made = announced(world)
    world.grow(FIRST)
    made.see(world.shown)
    assert isinstance(stepped(made, world, 10), Short)
    made.closed(answer, 11, 10**6, "gone")
    assert made.standing.sent == 0
    assert made.standing.state in (State.RETRYING, State.REFUSED)
    step = made.step(12)
    assert isinstance(step, Wait)
    assert indexes(world, probed(made, world, step.until)) == [FIRST]
    made.closed(OK, step.until, 0)
    assert (made.standing.sent, made.standing.failing) == (1, False)


def test_a_probe_that_fails_is_tried_again() -> None:
    world = sparse()
    made = bursts(world)
    assert made.step(0) == Probe()
    made.probed(Answer(401), 0)
    step = made.step(0)
    assert isinstance(step, Wait)
    assert made.step(step.until) == Probe()


@pytest.mark.requirement("SPARSE-4a", role="client")
def test_a_receiver_that_may_have_forgotten_us_gets_the_header_again() -> None:
    world = sparse()
    made = announced(world)
    made.announce()
    assert made.step(5) == Short(world.header.data)
    made.closed(OK, 6, 0)
    made.pause("backup of eu")
    assert made.step(7) == Wait(7 + REST)
    assert made.standing.reason == "backup of eu"
    made.resume()
    assert made.step(8) == Short(world.header.data)


def test_a_large_burst_goes_up_in_several_posts() -> None:
    world = sparse()
    made = announced(world)
    for index in range(FIRST, FIRST + 3):
        world.grow(index)
        (wanted,) = (key for key in world.stored if key.index == index)
        head = world.stored[wanted].partition(b"mdat")[0][:-4]
        world.stored[wanted] = head + (MOST + 8).to_bytes(4, "big") + b"mdat" + bytes(MOST)
    made.see(world.shown)
    for _ in range(3):
        step = stepped(made, world, 10)
        assert isinstance(step, Short)
        assert Receiver(world).numbers(step.data) == [made.cursor.sequence]
        made.closed(OK, 11, 0)
    assert made.standing.sent == 3


def test_it_goes_on_where_it_was_and_counts_nothing_as_lost_that_was_never_there() -> None:
    world = sparse()
    world.grow(FIRST + 20)
    made = bursts(world, Cursor(events={world.names[0]: {(0, 0)}}))
    assert indexes(world, probed(made, world, 0)) == [FIRST + 20]
    assert made.standing.lost == 0


def test_events_of_one_cell_and_one_that_comes_late_all_go_up_once() -> None:
    world = sparse()
    made = announced(world)
    (name,) = world.names
    for time in (50, 40):
        world.event(name, 0, FIRST, time)
    made.see(world.shown)
    step = stepped(made, world, 10)
    assert isinstance(step, Short)
    made.closed(OK, 11, 0)
    world.event(name, 0, FIRST - 3, 30)
    made.see(world.shown)
    late = stepped(made, world, 20)
    assert isinstance(late, Short)
    made.closed(OK, 21, 0)
    times = [[found.time for found in Receiver(world).read(one.data)] for one in (step, late)]
    assert times == [[50, 40], [30]]
    assert (made.standing.sent, made.standing.backlog) == (3, 0)


def test_an_event_that_left_the_window_before_it_could_go_up_is_lost() -> None:
    world = sparse()
    made = announced(world)
    world.grow(FIRST)
    made.see(world.shown)
    made.see(replace(world.shown, events={}))
    assert made.standing.lost == 1
    assert isinstance(made.step(9), Wait)


def test_stop_ends_it() -> None:
    made = announced(sparse())
    made.stop()
    assert made.step(9) == End(clean=True)


def test_an_event_that_left_the_window_on_its_way_is_lost_if_it_did_not_arrive() -> None:
    for answer, lost in ((None, 1), (OK, 0)):
        world = sparse()
        made = announced(world)
        world.grow(FIRST)
        made.see(world.shown)
        assert isinstance(stepped(made, world, 10), Short)
        made.see(replace(world.shown, events={}))
        made.closed(answer, 11, 0)
        made.see(replace(world.shown, events={world.names[0]: ()}))
        assert (made.standing.lost, made.standing.sent) == (lost, 1 - lost)
