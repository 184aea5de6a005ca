"""One stream of audio and video on its way to one receiver: the specification's encoder duties.

    probe (empty POST) ── 200 ──► POST: header, the last two fragments of each track, then the
      ▲                           timeline in order, as it grows
      │ back-off, without end         │
      └───────────────────────────────┘ anything but a clean end

The clauses: probe first, media only after 200 (HTTP-1, 2); a new connection, the identical header
and the last two fragments after every failure (HTTP-7, SVC-3, SVC-5), with times that never go back
within a POST; no limit of retries (SVC-4); a clean end is the last chunk and the wait for the final
status (HTTP-5). A POST that has had nothing to send for two fragments is ended (SVC-6), and begun
anew with the next fragment. So is one whose next fragment goes with another header of the stream,
since an encoder came back with other settings; then nothing is resent. Only what the peer's kernel
has acknowledged counts as sent.

After an outage the backlog goes up `speed` times as fast as it plays, so that it neither floods the
line nor takes for ever. Sans-IO: `now` in ms of a clock that only rises.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from relay.media import Buffer
from relay.presentation import Presentation
from relay.uplink.attempt import FIRST_WAIT, LONGEST_WAIT, Attempt, Phase
from relay.uplink.backoff import Backoff
from relay.uplink.cursor import Cursor, Event
from relay.uplink.line import Filled, never
from relay.uplink.stamp import Stamp, Stamps, pieces
from relay.uplink.standing import Standing
from relay.uplink.steps import Answer, End, Fetch, Finish, Open, Probe, Send, Step, Wait
from relay.uplink.supply import Package, Supply

SPEED = 8
"""How many times faster than it plays a backlog goes up."""
IDLE = 2
"""Fragment lengths without anything to send after which a POST is ended."""
FOREVER = 3_600_000
"""ms that a stream without anything to do waits; what happens wakes it."""


@dataclass(slots=True)
class Uplink:
    """One stream. `jitter(k)` is a random number below k, handed in; `filled`: see `line`."""

    stamps: Stamps
    cursor: Cursor = field(default_factory=Cursor)
    speed: int = SPEED
    jitter: Callable[[int], int] = lambda _: 0
    filled: Filled = never
    supply: Supply = field(init=False)
    attempt: Attempt = field(init=False)
    sent: int = 0
    size: int = 0
    _handed: int = 0
    _queue: deque[Buffer] = field(default_factory=deque)
    # (bytes of the POST up to its end, track, which one)
    _ends: deque[tuple[int, str, int | Event]] = field(default_factory=deque)
    _stamp: Stamp | None = None  # of the open POST
    _goes_on: bool = False  # behind a clean end: nothing is to be resent
    _idle_since: int | None = None
    _cell: int = -1  # index of the newest fragments given out, and when the next may follow
    _paced: int = 0
    _stopping: bool = False
    _paused: str = ""

    def __post_init__(self) -> None:
        self.supply = Supply(self.stamps, self.cursor, self.filled)
        self.attempt = Attempt(Backoff(FIRST_WAIT, LONGEST_WAIT, self.jitter))

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        self.supply.see(shown)

    def brought(self, wanted: Fetch, data: Sequence[Buffer] | None) -> None:
        """The bytes that a Fetch asked for; None: they are gone."""
        self.supply.brought(wanted, data)

    def pause(self, reason: str) -> None:
        """Not wanted now, and why: end the POST, cleanly."""
        self._paused = reason

    def resume(self) -> None:
        """Wanted again."""
        self._paused = ""

    def stop(self) -> None:
        """End cleanly, soon."""
        self._stopping = True

    @property
    def send_timeout(self) -> int:
        """ms; between one and two fragment lengths (SVC-2)."""
        return self.supply.D * 3 // 2

    @property
    def handed(self) -> int:
        """Bytes of the open POST that `step` has given out."""
        return self._handed

    @property
    def standing(self) -> Standing:
        """How it stands."""
        line, attempt = self.supply.line, self.attempt
        state = attempt.state(line.backlog)
        resting = attempt.phase in (Phase.REST, Phase.END)
        return Standing(
            state,
            (self._paused or "nothing to send") if resting else attempt.reason,
            self.sent,
            self.size,
            self.supply.lost,
            line.gaps,
            attempt.retries,
            attempt.posts,
            line.fragments + self.supply.events.left,
            line.backlog * self.supply.D / 1000,
            attempt.failing,
            attempt.again,
            dict(attempt.answers),
        )

    def step(self, now: int) -> Step:
        """What to do next."""
        attempt = self.attempt
        match attempt.phase:
            case Phase.OPEN:
                return self._media(now)
            case Phase.FINISH:
                return Finish()
            case Phase.END:
                return End(attempt.clean)
        if self._stopping:
            attempt.phase = Phase.END
            return End(attempt.clean)
        if self._paused:
            attempt.phase = Phase.REST
            return Wait(now + FOREVER)
        match attempt.phase:
            case Phase.WAIT if now < attempt.until:
                return Wait(attempt.until)
            case Phase.REST if self.supply.due() is None:
                return Wait(now + FOREVER)
            case Phase.READY:
                self._open(now)
                return Open()
        attempt.phase = Phase.PROBE
        return Probe()

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        """What the probe brought; None: no answer, and why."""
        self.attempt.probed(answer, now, why)

    def acknowledged(self, delivered: int, now: int) -> None:
        """So many bytes of the open POST are the peer's kernel's."""
        while self._ends and self._ends[0][0] <= delivered:
            _, track, place = self._ends.popleft()
            self.sent += self.cursor.acknowledge(track, place, now)
        if delivered:
            self.attempt.taken(now)

    def closed(self, answer: Answer | None, now: int, delivered: int, why: str = "") -> None:
        """The POST is over, `delivered` bytes of it acknowledged; None: no answer, and why."""
        finished = self.attempt.phase is Phase.FINISH and answer is not None
        clean = finished and answer is not None and answer.status // 100 == 2
        self.acknowledged(self._handed if clean else delivered, now)
        if finished and answer is not None:
            self.attempt.ended(answer, now)
        else:
            self.attempt.failed(answer, now, why)
        self._goes_on = self._goes_on and clean
        if not clean:
            self.cursor.fail(now)
            self.supply.rewind(now, resent=0)
        self._ends.clear()
        self._queue.clear()

    def _open(self, now: int) -> None:
        if not self._goes_on:
            self.supply.rewind(now)
        self._goes_on = False
        due = self.supply.due()
        self._stamp = self.stamps.known[-1] if due is None else due[1]
        self.attempt.opened(now)
        self._ends.clear()
        self._queue.clear()
        self._handed, self._cell, self._paced = 0, -1, now
        self._idle_since = None
        self._queue.extend(pieces([self._stamp.header.data]))

    def _media(self, now: int) -> Step:
        if self._queue:
            return self._send()
        if self._stopping or self._paused:
            return self._finish()
        found = self.supply.due()
        if found is None:
            since = self._idle_since = now if self._idle_since is None else self._idle_since
            until = since + IDLE * self.supply.D
            return self._finish() if now >= until else Wait(until)
        due, stamp = found
        if stamp is not self._stamp:
            self._goes_on = True
            return self._finish()
        if due.index > self._cell and now < self._paced:
            return Wait(self._paced)
        package = self.supply.next()
        if isinstance(package, Fetch):
            return package
        if package is None:
            return self._media(now)
        self._idle_since = None
        self._pack(package, now)
        return self._send()

    def _pack(self, package: Package, now: int) -> None:
        index = package.due.index
        if index > self._cell:
            self._cell = index
            self._paced = max(self._paced, now) + self.supply.D // self.speed
        self.supply.take(package)
        self._queue.extend(pieces(package.parts))
        self._ends.append((self._handed + package.size, package.due.track, package.place))

    def _send(self) -> Send:
        data = self._queue.popleft()
        self._handed += len(data)
        self.size += len(data)
        return Send(data)

    def _finish(self) -> Finish:
        self.attempt.phase = Phase.FINISH
        return Finish()
