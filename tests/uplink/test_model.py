"""The uplink against a receiver that fails in every way: what arrives is what the timeline has.

A kernel receives what was handed to the wire, up to some byte; acknowledgements of it may be lost.
The process behind it reads what its kernel has, but when it is killed it loses what it had not read
yet: at most what came within the doubt. A relay that is killed goes on from a ledger that may be
old. Whatever happens in between, once the receiver takes everything, it has each copy of the
timeline, but for those that are counted as lost because they had left the window.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relay.uplink.attempt import Phase
from relay.uplink.cursor import IN_DOUBT, Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Answer, Fetch, Finish, Open, Probe, Send, Wait
from relay.uplink.uplink import Uplink
from tests.uplink.world import CELL, FIRST, OK, Receiver, World, media

WINDOW = 30


@dataclass
class Wire:
    """One POST: its bytes, with the time when each piece was handed out."""

    body: bytearray = field(default_factory=bytearray)
    pieces: list[tuple[int, int]] = field(default_factory=list)  # end, when
    acknowledged: int = 0


class Forwarding(RuleBasedStateMachine):
    """`wire` is the open POST; `taken`: what the receiver has, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(window=WINDOW)
        self.receiver = Receiver(self.world)
        self.now = 0
        self.index = FIRST
        self.wire: Wire | None = None
        self.taken: set[str] = set()
        self.all: set[str] = set()
        self.unread: set[str] = set()  # acknowledged, and dead with the receiver
        self.lost = 0
        self.kept = Cursor().kept()
        self.uplink = self._made(Cursor())

    def _made(self, cursor: Cursor) -> Uplink:
        made = Uplink(Stamps.of(self.world.header), cursor)
        made.see(self.world.shown)
        return made

    @rule(cells=st.integers(1, 4), gap=st.booleans(), apart=st.booleans())
    def grow(self, cells: int, gap: bool, apart: bool) -> None:
        """The timeline goes on; `apart`: one track comes later than the other."""
        for _ in range(cells):
            self.now += CELL
            for name in self.world.names:
                self.world.grow(self.index, gap=gap, only=name)
                if apart:
                    self.uplink.see(self.world.shown)
                if not gap:
                    self.all.add(f"{name}/{self.index}")
            self.uplink.see(self.world.shown)
            self.index += 1
        if not self.kept["reached"]:
            self.keep()  # within a second of the first cell

    @rule(cells=st.integers(WINDOW // 2, WINDOW))
    def outage(self, cells: int) -> None:
        """The timeline goes on for longer than the window."""
        self._read_acknowledged()
        self._close(None, 0)
        self.grow(cells, gap=False, apart=False)

    @rule(probe=st.sampled_from([OK, OK, OK, None, Answer(403), Answer(503, "", 9000)]))
    def work(self, probe: Answer | None) -> None:
        """Do what is to be done until it waits for more to come."""
        for _ in range(400):
            step = self.uplink.step(self.now)
            match step:
                case Probe():
                    self.uplink.probed(probe, self.now)
                case Open():
                    self.wire = Wire()
                case Send(data):
                    assert self.wire is not None
                    self.wire.body += data
                    self.wire.pieces.append((len(self.wire.body), self.now))
                case Fetch():
                    self.world.bring(self.uplink, step)
                case Finish():
                    self._finish(OK)
                    return
                case Wait(until):
                    if self.uplink.supply.due() is None or until > self.now + CELL:
                        return
                    self.now = max(self.now, until)
                case _:
                    raise AssertionError(step)

    @rule(pause=st.integers(0, 20_000))
    def pass_time(self, pause: int) -> None:
        """Nothing happens."""
        self.now += pause

    @precondition(lambda self: self.wire is not None)
    @rule(part=st.floats(0, 1))
    def acknowledge(self, part: float) -> None:
        """The receiver's kernel acknowledges more of what it got."""
        assert self.wire is not None
        wire = self.wire
        left = len(wire.body) - wire.acknowledged
        wire.acknowledged += int(left * part)
        self.uplink.acknowledged(wire.acknowledged, self.now)

    @precondition(lambda self: self.wire is not None)
    @rule(
        part=st.floats(0, 1),
        answer=st.sampled_from([None, None, Answer(403), Answer(500), Answer(200), Answer(412)]),
    )
    def reset(self, part: float, answer: Answer | None) -> None:
        """The POST ends at any byte; the receiver lives and has read what had come."""
        assert self.wire is not None
        wire = self.wire
        came = wire.acknowledged + int((len(wire.body) - wire.acknowledged) * part)
        self._read(bytes(wire.body[:came]))
        self._close(answer, wire.acknowledged)

    @precondition(lambda self: self.wire is not None)
    @rule(part=st.floats(0, 1))
    def kill_receiver(self, part: float) -> None:
        """The receiver's process dies: of what came within the doubt, it has read only a part."""
        assert self.wire is not None
        wire = self.wire
        sure = max((end for end, at in wire.pieces if at < self.now - IN_DOUBT), default=0)
        sure = min(sure, wire.acknowledged)
        read = sure + int((wire.acknowledged - sure) * part)
        sure_of = self.taken | self._named(bytes(wire.body[:read]))
        self.unread |= self._named(bytes(wire.body[: wire.acknowledged])) - sure_of
        self._read(bytes(wire.body[:read]))
        self._close(None, wire.acknowledged)

    @rule()
    def keep(self) -> None:
        """The ledger is written."""
        self.kept = self.uplink.cursor.kept()

    @rule(part=st.floats(0, 1))
    def kill_relay(self, part: float) -> None:
        """This process dies and comes back; the receiver reads what has come."""
        if self.wire is not None:
            wire = self.wire
            came = wire.acknowledged + int((len(wire.body) - wire.acknowledged) * part)
            self._read(bytes(wire.body[:came]))
            self.wire = None
        self.lost += self.uplink.standing.lost
        self.uplink = self._made(Cursor.of(self.kept))

    @invariant()
    def counts_are_sane(self) -> None:
        standing = self.uplink.standing
        assert standing.lost >= 0
        assert standing.backlog >= 0
        assert standing.sent <= len(self.all) * 2

    def teardown(self) -> None:
        """In the end the receiver takes everything."""
        self._read_acknowledged()
        self._close(None, self.wire.acknowledged if self.wire else 0)
        for _ in range(200):
            self.work(OK)
            if self.wire is not None:
                self.acknowledge(1.0)
            if self.uplink.supply.due() is None and self.uplink.attempt.phase is Phase.OPEN:
                break
            self.now += CELL // 8
        if self.wire is not None:
            self._read(bytes(self.wire.body))
        shown = {
            f"{rendition.name}/{segment.index}"
            for rendition in self.world.shown.renditions
            for segment in rendition.segments
            if not segment.gap
        }
        assert shown <= self.taken
        missing = self.all - self.taken - self.unread
        assert len(missing) <= self.lost + self.uplink.standing.lost

    def _finish(self, answer: Answer) -> None:
        assert self.wire is not None
        self._read(bytes(self.wire.body))
        self.uplink.closed(answer, self.now, self.wire.acknowledged)
        self.wire = None

    def _read_acknowledged(self) -> None:
        if self.wire is not None:
            self._read(bytes(self.wire.body[: self.wire.acknowledged]))

    def _named(self, body: bytes) -> set[str]:
        return {media(one) for one in self.receiver.read(body)}

    def _close(self, answer: Answer | None, delivered: int) -> None:
        if self.wire is not None:
            self.uplink.closed(answer, self.now, delivered)
            self.wire = None

    def _read(self, body: bytes) -> None:
        """What a body says, as far as it came; in it times rise and moofs are numbered in turn."""
        found = self.receiver.read(body)
        for name in self.world.names:
            times = [one.time for one in found if one.track.name == name]
            assert times == sorted(set(times))
        numbers = self.receiver.numbers(body)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
        self.taken |= {media(one) for one in found}
        assert self.taken <= self.all


TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
