"""A sparse stream against a receiver that fails: every event arrives, and no POST stands open.

Only an answer counts: a burst whose answer is not 2xx, or does not come, may have been taken or
not, and goes up again. What has left the window before it could go up is counted as lost.
"""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from relay.uplink.bursts import Bursts
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Answer, Fetch, Probe, Short, Step, Wait
from tests.uplink.machine import FINAL, PART, PROBED
from tests.uplink.world import FIRST, OK, Receiver, World

MOST = 12
"""Events that stay visible."""


class Signalling(RuleBasedStateMachine):
    """`sent`: the POST that waits for its answer; `taken`: times of events that have arrived."""

    def __init__(self) -> None:
        super().__init__()
        world = World()
        told = world.header.tracks[0]
        cues = replace(told, track=replace(told.track, parent="video"))
        self.world = World(replace(world.header, tracks=(cues,)))
        (self.name,) = self.world.names
        self.now = 0
        self.time = 0
        self.all: list[int] = []
        self.taken: set[int] = set()
        self.heard = False  # the receiver knows the track
        self.lost = 0
        self.dead: set[int] = set()  # died with the relay
        self.sent: bytes | None = None
        self.kept = Cursor().kept()
        self.bursts = self._made(Cursor())

    def _made(self, cursor: Cursor) -> Bursts:
        made = Bursts(Stamps.of(self.world.header), cursor)
        made.see(self.world.shown)
        return made

    @rule(count=st.integers(1, 5), late=st.booleans())
    def signal(self, count: int, late: bool) -> None:
        """Events become visible; a late one stands before those that are visible already."""
        for _ in range(count):
            self.time += 10
            time = self.time - 10_000 if late else self.time
            self.world.event(self.name, 0, FIRST + time // 40, time)
            self.all.append(time)
        events = self.world.shown.events
        visible = {**events, self.name: events[self.name][-MOST:]}
        self.world.shown = replace(self.world.shown, events=visible)
        self.bursts.see(self.world.shown)

    @rule(probe=PROBED)
    def work(self, probe: Answer | None) -> None:
        """Do what is to be done until an answer is waited for, or nothing is to be done."""
        step: Step = Wait(0)
        while self.sent is None:
            step = self.bursts.step(self.now)
            match step:
                case Probe():
                    self.bursts.probed(probe, self.now)
                case Fetch():
                    self.world.bring(self.bursts, step)
                case Short(data):
                    self.sent = data
                case Wait():
                    return
                case _:
                    raise AssertionError(step)

    @rule(answer=FINAL, part=PART)
    def answer(self, answer: Answer | None, part: float) -> None:
        """The POST is over. Without a good answer any part of it may have come."""
        if self.sent is None:
            return
        body = self.sent if answer == OK else self.sent[: int(len(self.sent) * part)]
        found = Receiver(self.world).read(body)
        assert [one.time for one in found if one.time in self.taken] == [] or not self._sure
        self.heard = self.heard or len(body) >= len(self.world.header.data)
        self.taken |= {one.time for one in found}
        self.bursts.closed(answer, self.now, len(body))
        self._sure = answer == OK and self._sure
        self.sent = None

    _sure = True  # every answer so far has come: then nothing comes twice

    @rule(pause=st.integers(0, 40_000))
    def pass_time(self, pause: int) -> None:
        """Nothing happens."""
        self.now += pause

    @rule()
    def forget(self) -> None:
        """The receiver was started anew: it has what it stored, and no header."""
        self.heard = False
        self.bursts.announce()

    @rule()
    def keep(self) -> None:
        """The ledger is written."""
        self.kept = self.bursts.cursor.kept()

    @rule()
    def kill_relay(self) -> None:
        """This process dies and comes back; nobody hears of the open POST."""
        self.lost += self.bursts.standing.lost
        if self.sent is not None:  # what has left the window is not known any more
            self.dead |= {one.time for one in Receiver(self.world).read(self.sent)}
        self.sent, self._sure = None, False
        self.bursts = self._made(Cursor.of(self.kept))

    @invariant()
    def nothing_is_made_up(self) -> None:
        assert self.taken <= set(self.all)
        assert self.bursts.standing.backlog >= 0

    @rule()
    def take_everything(self) -> None:
        """The receiver is well for a while: it knows the track, and has every visible event."""
        for _ in range(50):
            self.work(OK)
            if self.sent is None and not self.bursts.attempt.failing:
                break
            self.answer(OK, 1)
            self.now += 60_000
        assert self.heard
        visible = self.world.shown.events.get(self.name, ())
        assert {event.time for event in visible} <= self.taken
        missing = set(self.all) - self.taken - self.dead
        assert len(missing) <= self.lost + self.bursts.standing.lost

    def teardown(self) -> None:
        """In the end the receiver takes everything."""
        self.take_everything()
