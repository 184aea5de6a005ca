"""One stream on its way, with the clock and the other end in the test's hands."""

import pytest

from relay.uplink.attempt import State
from relay.uplink.cursor import IN_DOUBT, Cursor
from relay.uplink.steps import Fetch, Finish, Probe, Send, Short, Wait
from relay.uplink.uplink import FOREVER
from tests.uplink.world import (
    CELL,
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


def test_nothing_to_send_is_no_reason_to_connect() -> None:
    world = World()
    made = made_for(world)
    assert made.step(5) == Wait(5 + FOREVER)
    assert (made.standing.state, made.standing.reason) == (State.PAUSED, "nothing to send")
    world.grow(FIRST)
    made.see(world.shown)
    assert made.step(6) == Probe()
    assert made.standing.state is State.PROBING


@pytest.mark.requirement("FMT-1a", "FMT-8a", role="client")
def test_the_header_byte_for_byte_then_the_timeline_in_order() -> None:
    world = grown(3)
    made = made_for(world)
    opened(made, 0)
    assert made.standing.state == "connecting"
    body, now = live(made, world, 0)
    receiver = Receiver(world)
    assert [media(found) for found in receiver.read(body)] == names(
        world, FIRST, FIRST + 1, FIRST + 2
    )
    assert receiver.numbers(body) == [1, 2, 3, 4, 5, 6]
    assert made.handed == len(body)
    made.acknowledged(len(body), now)
    assert made.standing.state is State.STREAMING
    assert (made.standing.sent, made.standing.backlog, made.standing.lost) == (6, 0, 0)
    world.grow(FIRST + 3)
    made.see(world.shown)
    more, now = live(made, world, now + 10)
    assert [media(found) for found in receiver.read(body + more)][-2:] == names(world, FIRST + 3)


@pytest.mark.requirement("ENC-6c", role="client")
def test_gaps_are_passed_over_and_counted_once() -> None:
    world = grown(2)
    world.grow(FIRST + 2, gap=True)
    world.grow(FIRST + 3)
    made = made_for(world)
    opened(made, 0)
    names_, now = sent(made, world, 0)
    assert names_ == names(world, FIRST, FIRST + 1, FIRST + 3)
    assert (made.standing.gaps, made.standing.lost, made.standing.backlog) == (2, 0, 0)
    made.acknowledged(made.handed, now)
    made.closed(None, now + IN_DOUBT + 1, made.handed)
    opened(made, now + LATER)
    assert sent(made, world, now + LATER)[0] == names(world, FIRST + 1, FIRST + 3)
    assert (made.standing.gaps, made.standing.lost) == (2, 0)


@pytest.mark.requirement("ENC-6b", "ENC-6e", role="client")
def test_a_later_run_is_moved_so_that_times_rise() -> None:
    from dataclasses import replace  # noqa: PLC0415

    world = World()
    world.shown = replace(world.shown, epoch=1_700_000_000, epochs=(1_700_000_900,))
    world.grow(5)
    world.grow(6, run=1, at=0)
    world.grow(7, run=1, at=2)
    made = made_for(world)
    opened(made, 0)
    body, _ = live(made, world, 0)
    found = [one for one in Receiver(world).read(body) if one.track.name == world.names[0]]
    scale = found[0].track.timescale
    assert [one.time // scale for one in found] == [10, 900, 902]


@pytest.mark.parametrize("width", [0, 32, 64])
@pytest.mark.requirement("FMT-4a", "FMT-4b", role="client")
def test_an_index_is_stamped_on_demand(width: int) -> None:
    world = grown(2)
    made = made_for(world, width=width)
    opened(made, 0)
    body, _ = live(made, world, 0)
    found = Receiver(world).read(body)
    assert [one.index for one in found] == (
        [FIRST, FIRST, FIRST + 1, FIRST + 1] if width else [None] * 4
    )


def test_a_backlog_is_paced_and_said_to_catch_up() -> None:
    world = grown(41)
    made = made_for(world)
    opened(made, 0)
    body, step, now = pumped(made, world, 0, 0)
    made.acknowledged(len(body), now)
    assert made.standing.state is State.CATCHING_UP
    assert made.standing.seconds == 80
    assert isinstance(step, Wait)
    body, now = live(made, world, now)
    assert now == 40 * CELL // made.speed
    assert made.standing.backlog == 0


@pytest.mark.requirement("SVC-6a", role="client")
def test_a_post_without_anything_to_send_is_ended_and_begun_anew() -> None:
    world = grown(1)
    made = made_for(world)
    opened(made, 0)
    body, _now = live(made, world, 0)
    assert made.step(2 * CELL - 1) == Wait(2 * CELL)
    assert made.step(2 * CELL) == Finish()
    made.acknowledged(len(body), 2 * CELL)
    made.closed(OK, 2 * CELL, len(body))
    assert made.standing.state is State.PAUSED
    assert not made.standing.failing
    assert isinstance(made.step(3 * CELL), Wait)
    world.grow(FIRST + 1)
    made.see(world.shown)
    opened(made, LATER)
    assert sent(made, world, LATER)[0] == names(world, FIRST, FIRST + 1)


def test_a_pause_ends_the_post_and_the_cursor_follows_another() -> None:
    world = grown(6)
    made = made_for(world)
    made.pause("backup of eu")
    assert isinstance(made.step(0), Wait)
    assert (made.standing.state, made.standing.reason) == (State.PAUSED, "backup of eu")
    made.supply.follow(Cursor(dict.fromkeys(world.names, FIRST + 3)))
    made.resume()
    opened(made, 0)
    assert sent(made, world, 0)[0] == names(world, *range(FIRST + 2, FIRST + 6))
    assert made.standing.lost == 0
    made.closed(OK, 20_000, made.handed)
    world.grow(FIRST + 6)
    made.see(world.shown)
    opened(made, LATER)
    made.pause("backup of eu")
    _, step, _ = pumped(made, world, LATER, LATER)
    assert step == Finish()


@pytest.mark.requirement("SVC-2a", role="client")
def test_the_send_timeout_lies_between_one_and_two_fragments() -> None:
    assert made_for(grown(1)).send_timeout == CELL * 3 // 2


def test_no_piece_is_large() -> None:
    world = World()
    world.grow(FIRST)
    wanted = Fetch(world.names[0], 0, FIRST)
    head, at = world.stored[wanted], world.stored[wanted].index(b"mdat") - 4
    world.stored[wanted] = head[:at] + (600_008).to_bytes(4, "big") + b"mdat" + bytes(600_000)
    made = made_for(world)
    opened(made, 0)
    sizes = []
    while not isinstance(step := made.step(0), Wait | Short):
        if isinstance(step, Fetch):
            world.bring(made, step)
        elif isinstance(step, Send):
            sizes.append(len(step.data))
    assert max(sizes) == 262_144
    assert made._ends[0][0] == sum(sizes[:-2])
