"""The uplink against a receiver that fails in every way: what arrives is what the timeline has.

A kernel receives what was handed to the wire, up to some byte; acknowledgements of it may be lost.
The process behind it reads what its kernel has, but when it is killed it loses what it had not read
yet: at most what came within the doubt. A relay that is killed goes on from a ledger that may be
old. A receiver may answer early, or not at all when the last chunk has come; the uplink may be
paused, as a backup is, and gaps may be filled late.

Whenever the receiver takes everything for a while, it has each fragment that the timeline has in
its window, under the header of the stream, each track's times rising within each POST; whatever
else it lacks has left the window, and is counted as lost, unless it died with the receiver.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relay.uplink.attempt import Phase, State
from relay.uplink.cursor import IN_DOUBT, Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Answer, Fetch, Finish, Open, Probe, Send, Wait
from relay.uplink.uplink import Uplink
from tests.uplink.world import CELL, FIRST, OK, D, Receiver, World, fragment, media

WINDOW = 30
EARLY = st.sampled_from([None, None, Answer(403), Answer(500), Answer(200), Answer(412)])
FINAL = st.sampled_from([OK, OK, OK, None, Answer(500), Answer(403)])
PROBED = st.sampled_from([OK, OK, OK, None, Answer(401), Answer(503, "", 9000)])
PART = st.floats(0, 1)


@dataclass
class Wire:
    """One POST: its bytes, with the time when each piece was handed out."""

    body: bytearray = field(default_factory=bytearray)
    pieces: list[tuple[int, int]] = field(default_factory=list)  # end, when
    acknowledged: int = 0
    again: dict[str, int] = field(default_factory=dict)  # where each track begins at the latest

    def came(self, part: float) -> bytes:
        """What has come: all that is acknowledged, and a part of the rest."""
        left = len(self.body) - self.acknowledged
        return bytes(self.body[: self.acknowledged + int(left * part)])


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
        self.gaps: list[int] = []
        self.filled: set[int] = set()
        self.lost = 0
        self.kept = Cursor().kept()
        self.uplink = self._made(Cursor())

    def _made(self, cursor: Cursor) -> Uplink:
        made = Uplink(
            Stamps.of(self.world.header),
            cursor,
            filled=lambda track, run, index: index in self.filled,
        )
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
            if gap:
                self.gaps.append(self.index)
            self.uplink.see(self.world.shown)
            self.index += 1
        if not self.kept["reached"]:
            self.keep()  # within a second of the first cell

    @precondition(lambda self: self.gaps)
    @rule(which=st.integers(0, 100))
    def fill(self, which: int) -> None:
        """Somebody had it after all. It may go up, where the line has not passed it."""
        index = self.gaps.pop(which % len(self.gaps))
        for told in self.world.header.tracks:
            scale, name = told.track.timescale, f"{told.track.name}/{index}"
            data = fragment(9, int(index * D * scale), int(D * scale), name.encode())
            self.world.stored[Fetch(told.track.name, 0, index)] = data
            self.all.add(name)
        self.filled.add(index)

    @rule(cells=st.integers(WINDOW // 2, WINDOW))
    def outage(self, cells: int) -> None:
        """The timeline goes on for longer than the window."""
        if self.wire is not None:
            self._read(self.wire.came(0))
            self._close(None)
        self.grow(cells, gap=False, apart=False)

    @rule(probe=PROBED, final=FINAL, part=PART)
    def work(self, probe: Answer | None, final: Answer | None, part: float) -> None:
        """Do what is to be done until it waits for more to come, or a POST has ended."""
        for _ in range(400):
            step = self.uplink.step(self.now)
            match step:
                case Probe():
                    self.uplink.probed(probe, self.now)
                case Open():
                    self.wire = Wire(again=self._again())
                case Send(data):
                    assert self.wire is not None
                    self.wire.body += data
                    self.wire.pieces.append((len(self.wire.body), self.now))
                case Fetch():
                    self.world.bring(self.uplink, step)
                case Finish():
                    assert self.wire is not None
                    self._read(self.wire.came(1 if final == OK else part))
                    self._close(final)
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

    @rule(wanted=st.booleans())
    def want(self, wanted: bool) -> None:
        """A backup steps back, or in."""
        if wanted:
            self.uplink.resume()
        else:
            self.uplink.pause("backup")

    @precondition(lambda self: self.wire is not None)
    @rule(part=PART)
    def acknowledge(self, part: float) -> None:
        """The receiver's kernel acknowledges more of what it got."""
        assert self.wire is not None
        self.wire.acknowledged = len(self.wire.came(part))
        self.uplink.acknowledged(self.wire.acknowledged, self.now)

    @precondition(lambda self: self.wire is not None)
    @rule(part=PART, answer=EARLY)
    def reset(self, part: float, answer: Answer | None) -> None:
        """The POST ends at any byte; the receiver lives and has read what had come."""
        assert self.wire is not None
        self._read(self.wire.came(part))
        self._close(answer)

    @precondition(lambda self: self.wire is not None)
    @rule(part=PART)
    def kill_receiver(self, part: float) -> None:
        """The receiver's process dies: of what came within the doubt, it has read only a part."""
        assert self.wire is not None
        wire = self.wire
        sure = max((end for end, at in wire.pieces if at < self.now - IN_DOUBT), default=0)
        sure = min(sure, wire.acknowledged)
        read = sure + int((wire.acknowledged - sure) * part)
        sure_of = self.taken | self._named(bytes(wire.body[:read]))
        self.unread |= self._named(wire.came(0)) - sure_of
        self._read(bytes(wire.body[:read]))
        self._close(None)

    @rule()
    def keep(self) -> None:
        """The ledger is written."""
        self.kept = self.uplink.cursor.kept()

    @rule(part=PART)
    def kill_relay(self, part: float) -> None:
        """This process dies and comes back; the receiver reads what has come."""
        if self.wire is not None:
            self._read(self.wire.came(part))
            self.wire = None
        self.lost += self.uplink.standing.lost
        self.uplink = self._made(Cursor.of(self.kept))

    @invariant()
    def counts_are_sane(self) -> None:
        standing = self.uplink.standing
        assert standing.lost >= 0
        assert standing.backlog >= 0
        assert standing.sent <= len(self.all) * 2
        assert (standing.state is State.PAUSED) <= (self.wire is None)

    @rule()
    def take_everything(self) -> None:
        """The receiver is well for a while: then its set is the timeline's, within the window."""
        self.uplink.resume()
        for _ in range(400):
            self.work(OK, OK, 1)
            if self.wire is not None:
                self.acknowledge(1)
            if self.uplink.supply.due() is None and not self._waits():
                break
            self.now += CELL // 8
        if self.wire is not None:
            self._read(self.wire.came(1))
        window = {
            f"{rendition.name}/{segment.index}"
            for rendition in self.world.shown.renditions
            for segment in rendition.segments
            if not segment.gap
        }
        assert window <= self.taken
        late = {f"{name}/{index}" for name in self.world.names for index in self.filled}
        missing = self.all - self.taken - self.unread - late
        assert len(missing) <= self.lost + self.uplink.standing.lost
        assert self.uplink.standing.backlog == 0

    def teardown(self) -> None:
        """In the end the receiver takes everything."""
        if self.wire is not None:
            self._read(self.wire.came(0))
            self._close(None)
        self.take_everything()

    def _again(self) -> dict[str, int]:
        """The last but one fragment of each track before the cursor (HTTP-7)."""
        found = {}
        for rendition in self.world.shown.renditions:
            reached = self.uplink.cursor.reached.get(rendition.name, -1)
            known = [one.index for one in rendition.segments if not one.gap]
            before = [index for index in known if index <= reached]
            found[rendition.name] = before[-2:][0] if before else 1 << 62
        return found

    def _waits(self) -> bool:
        """Bytes are not acknowledged, or the last attempt failed."""
        left = self.wire is not None and self.wire.acknowledged < len(self.wire.body)
        return left or self.uplink.attempt.phase is Phase.WAIT

    def _named(self, body: bytes) -> set[str]:
        return {media(one) for one in self.receiver.read(body)}

    def _close(self, answer: Answer | None) -> None:
        if self.wire is not None:
            self.uplink.closed(answer, self.now, self.wire.acknowledged)
            self.wire = None

    def _read(self, body: bytes) -> None:
        """What a body says, as far as it came; in it times rise and moofs are numbered in turn."""
        found = self.receiver.read(body)
        for name in self.world.names:
            times = [one.time for one in found if one.track.name == name]
            assert times == sorted(set(times))
            first = next((media(one) for one in found if one.track.name == name), None)
            if first is not None and self.wire is not None:
                left = self.world.shown.rendition(name)
                begins = (
                    left.segments[0].index if left and left.segments else 0
                )  # it may have moved on meanwhile
                again = max(self.wire.again[name], begins)
                assert int(first.rpartition("/")[2]) <= again, "the last two do not come again"
        numbers = self.receiver.numbers(body)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
        self.taken |= {media(one) for one in found}
        assert self.taken <= self.all
