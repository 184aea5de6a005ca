"""Who sends to an upstream: relays on clocks of their own, brokers that answer, or do not."""

import itertools
import random
from dataclasses import dataclass, field

import pytest

from relay.uplink.lease import ABSTAINS, FAILS, LENGTH, LONGEST, LOOK, Lease

PATIENCE = 12_000


@dataclass
class Held:
    """The claim at the brokers. `deaf`: they answer nobody."""

    revision: int = 0
    owner: str = ""
    deaf: bool = False

    def write(self, owner: str, revision: int) -> int | None:
        if revision != self.revision:
            return None
        self.revision, self.owner = self.revision + 1, owner
        return self.revision


@dataclass
class Node:
    """A relay that looks as the forwarder does. `skew`: of its clock; `cut`: it reaches nobody."""

    name: str
    skew: int = 0
    cut: bool = False
    dead: bool = False
    failing: bool = False
    lost: bool = False
    lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        self.lease = Lease(self.name, PATIENCE)

    def look(self, held: Held, at: int) -> None:
        now, lease = at + self.skew, self.lease
        if self.dead:
            return
        lease.gives_way(now, failing=self.failing)
        if self.cut or held.deaf:
            lease.look(now)
            lease.silent(now)
            return
        if lease.look(now) and self._write(held, now):
            return
        if lease.read(held.revision, held.owner, held.owner, now, now):
            self._write(held, now)

    def _write(self, held: Held, now: int) -> bool:
        wants = self.lease.wants(now)
        revision = held.write(self.name if wants else "", self.lease.revision)
        if self.lost and revision is not None:  # it was written, and nobody told us
            self.lost = False
            self.lease.silent(now)
            return True
        if revision is None or wants:
            self.lease.written(revision, now)
        else:
            self.lease.given_up()
        return revision is not None


@dataclass
class World:
    """Two relays whose clocks have nothing to do with each other."""

    held: Held = field(default_factory=Held)
    one: Node = field(default_factory=lambda: Node("one"))
    two: Node = field(default_factory=lambda: Node("two", skew=987_654_321))
    now: int = 0

    def run(self, ms: int) -> None:
        until = self.now + ms
        while self.now < until:
            self.now += LOOK
            for node in (self.one, self.two):
                node.look(self.held, self.now)

    def sending(self) -> list[str]:
        return [n.name for n in (self.one, self.two) if n.lease.sends and not n.dead]


@pytest.fixture
def world() -> World:
    made = World()
    made.run(2 * LOOK)
    assert made.sending() == ["one"]
    assert made.two.lease.holder == "one"
    return made


def test_one_sends_and_goes_on(world: World) -> None:
    for _ in range(100):
        world.run(LOOK)
        assert world.sending() == ["one"]


def test_the_other_takes_over_from_the_dead_and_keeps_it_when_that_one_is_back(
    world: World,
) -> None:
    world.run(10_000)
    world.one.dead = True
    world.run(LENGTH - LOOK)
    assert world.sending() == []
    world.run(3 * LOOK)
    assert world.sending() == ["two"]
    world.one = Node("one again")
    world.run(60_000)
    assert world.sending() == ["two"]
    assert world.one.lease.holder == "two"


def test_one_that_stood_still_stops_once_it_has_seen_the_other_alive(world: World) -> None:
    world.one.dead = True
    world.run(2 * LENGTH)
    world.one.dead = False
    assert world.sending() == ["one", "two"]  # it cannot know yet
    world.run(3 * LOOK)
    assert world.sending() == ["two"]


def test_a_relay_that_ends_hands_it_over_at_once(world: World) -> None:
    world.one.lease.able = False
    world.run(LOOK)
    assert world.held.owner == "two"
    assert world.sending() == ["two"]


def test_while_the_brokers_are_silent_nobody_stops_and_then_both_send(world: World) -> None:
    world.held.deaf = True
    world.run(PATIENCE - LOOK)
    assert world.sending() == ["one"]
    assert not world.one.lease.alone
    world.run(2 * LOOK)
    assert world.sending() == ["one", "two"]
    assert world.one.lease.alone
    world.held.deaf = False
    world.run(3 * LOOK)
    assert world.sending() == ["one"]
    assert not world.two.lease.alone


def test_a_claim_is_not_old_when_the_brokers_were_silent_meanwhile(world: World) -> None:
    world.run(LENGTH - LOOK)
    world.held.deaf = True
    world.run(LENGTH)  # the holder cannot write either
    world.held.deaf = False
    world.one.dead = True
    world.run(LENGTH - LOOK)
    assert world.sending() == []
    world.run(3 * LOOK)
    assert world.sending() == ["two"]


def test_the_claim_of_one_that_died_in_the_outage_stops_nobody(world: World) -> None:
    world.held.deaf = True
    world.run(PATIENCE + LOOK)
    world.one.dead = True
    world.held.deaf = False
    for _ in range(10):
        world.run(LOOK)
        assert world.sending() == ["two"]
    assert world.held.owner == "two"


def test_one_that_is_cut_off_goes_on_and_stops_when_it_is_back(world: World) -> None:
    world.one.cut = True
    world.run(3 * LENGTH)
    assert world.sending() == ["one", "two"]
    world.one.cut = False
    world.run(3 * LOOK)
    assert world.sending() == ["two"]


def test_brokers_that_have_forgotten_everything_are_told_anew(world: World) -> None:
    world.held.revision, world.held.owner = 0, ""
    world.run(LOOK)
    assert world.held.owner == "one"
    assert world.sending() == ["one"]


def test_what_was_written_without_an_answer_is_found_to_be_its_own(world: World) -> None:
    world.one.lost = True
    for _ in range(5):
        world.run(LOOK)
        assert world.sending() == ["one"]
    assert world.held.owner == "one"


def test_a_paused_relay_lets_the_other_one_send_and_sends_when_nobody_else_does() -> None:
    world = World()
    world.one.lease.able = False
    world.run(LOOK)
    assert world.sending() == ["two"]
    world.two.lease.able = False
    world.run(LOOK)
    assert world.sending() == []
    assert world.held.owner == ""
    world.one.lease.able = True
    world.run(LOOK)
    assert world.sending() == ["one"]


def test_a_holder_that_fails_for_long_gives_way_to_one_that_does_not(world: World) -> None:
    world.one.failing = True
    world.run(FAILS - LOOK)
    assert world.sending() == ["one"]
    world.run(5 * LOOK)
    assert world.sending() == ["two"]
    world.run(10 * FAILS)
    assert world.sending() == ["two"]


def test_one_that_nobody_relieves_takes_it_back_and_tries_that_ever_more_rarely() -> None:
    held, node, at, given = Held(), Node("one", failing=True), 0, []
    while at < 4 * LONGEST:
        at += LOOK
        before = held.owner
        node.look(held, at)
        assert node.lease.sends, "it stopped, and nobody else has begun"
        if before and not held.owner:
            given.append(at)
    waits = [b - a for a, b in itertools.pairwise(given)]
    assert waits[0] < 2 * FAILS + ABSTAINS + 4 * LOOK
    assert all(b >= a for a, b in itertools.pairwise(waits))
    assert LONGEST <= waits[-1] < LONGEST + ABSTAINS + 4 * LOOK


def test_two_whom_nobody_lets_in_change_turns_ever_more_rarely(world: World) -> None:
    world.one.failing = world.two.failing = True
    owners: list[str] = []
    for _ in range(4):
        before = len(owners)
        for _ in range(1_800_000 // LOOK):
            world.run(LOOK)
            if world.held.owner and owners[-1:] != [world.held.owner]:
                owners.append(world.held.owner)
        changed = len(owners) - before
    assert len(owners) > 4
    assert changed <= 1_800_000 // LONGEST + 2


@pytest.mark.parametrize("seed", range(50))
def test_whatever_fails_one_sends_in_the_end_and_never_nobody_for_long(seed: int) -> None:
    """`quiet`: ms in which somebody was alive, and nobody sent."""
    rng, world, quiet = random.Random(seed), World(), 0
    world.run(2 * LOOK)
    for _ in range(300):
        match rng.randrange(8):
            case 0:
                world.held.deaf = not world.held.deaf
            case 1:
                world.one.cut = not world.one.cut
            case 2:
                world.two.cut = not world.two.cut
            case 3 if not world.two.dead:
                world.one.dead = not world.one.dead
            case 4 if not world.one.dead:
                world.two.dead = not world.two.dead
            case 5:
                world.one.lost = True
        for _ in range(rng.randrange(1, 12)):
            world.run(LOOK)
            quiet = 0 if world.sending() else quiet + LOOK
            assert quiet <= PATIENCE + LENGTH + 3 * LOOK
    world.held.deaf = world.one.cut = world.two.cut = world.one.dead = world.two.dead = False
    world.run(PATIENCE)
    assert len(world.sending()) == 1
    assert world.held.owner == world.sending()[0]
