"""What one stream sends when, and what it does when the other end fails. Sans-IO.

    probe (empty POST) ── 200 ──► POST: header, the last two fragments of each track, then each
      ▲                           fragment as soon as its time is over (n D + D), until the end
      │ back-off, without end         │
      └───────────────────────────────┘ anything but a clean end

The clauses: probe first, media only after 200 (HTTP-1, 2); a new connection, the identical header
and the last two fragments after every failure (HTTP-7, SVC-3, SVC-5); no limit of retries (SVC-4);
a clean end is the last chunk and the wait for the final status (HTTP-5). What the peer's kernel has
not acknowledged counts as not sent. A backlog of an outage is sent at once afterwards, in order;
what is older than `BACKLOG` is given up, as an encoder's buffer is finite.

The courier asks `step` what to do, does it, and says what came of it. `now` is in ms since 1970.
`jitter(k)` is a random number below k, handed in.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from relay.encoder.faults import Faults
from relay.encoder.header import Channelled
from relay.encoder.progress import Progress, State
from relay.encoder.stamp import Stamper
from relay.uplink.backoff import Backoff
from relay.uplink.steps import Answer, Cut, End, Finish, Open, Probe, Send, Step, Wait

RESENT = 2
BACKLOG = 60_000
FIRST_WAIT, LONGEST_WAIT = 500, 10_000
LAST_CALL = 10_000
"""ms after the end of the programme for which a stream that has lost its connection still tries."""


@dataclass(slots=True)
class Plan:
    """One stream: these tracks of a stamper, from the cell that `began` lies in.

    began   when the push starts;  ends  when the programme ends, or None;  both ms since 1970
    """

    stream: str
    stamper: Stamper
    tracks: Sequence[Channelled]
    began: int
    ends: int | None = None
    faults: Faults = field(default_factory=Faults)
    jitter: Callable[[int], int] = lambda _: 0
    progress: Progress = field(default_factory=Progress)
    _first: int = 0  # number of the cell with ordinal 1
    _next: int = 1  # ordinal of the next cell
    _queue: deque[bytes] = field(default_factory=deque)
    # (ordinal, bytes of the POST up to its end)
    _ends_at: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=256))
    _seen: int = 0  # highest ordinal that was on the wire once
    _held: int = 0
    _stalled: int = 0
    _handed: int = 0  # bytes of this POST
    _total: int = 0  # bytes of all POSTs
    _kills: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    _life: int = 0
    _backoff: Backoff = field(init=False)
    _wait: int = 0
    _opened: int = 0
    _stopping: bool = False
    _clean: bool = False

    def __post_init__(self) -> None:
        self._first = Fraction(self.began, 1000) // self.stamper.clip.D
        self._backoff = Backoff(FIRST_WAIT, LONGEST_WAIT, self.jitter)
        self._kills = (list(self.faults.kill_bytes), [self.began + s for s in self.faults.kill_ms])

    @property
    def send_timeout(self) -> int:
        """ms without progress after which a connection is given up: between D and 2 D (SVC-2)."""
        return int(self.stamper.clip.D * 1500)

    @property
    def handed(self) -> int:
        """Bytes of the open POST that `step` has given out."""
        return self._handed

    @property
    def reached(self) -> int:
        """Ordinal of the newest cell that was queued; 0 before the first one."""
        return max(self._seen, self._next - 1)

    def stop(self) -> None:
        """End cleanly, now."""
        self._stopping = True

    def step(self, now: int) -> Step:
        """What to do next."""
        match self.progress.state:
            case State.PROBING:
                return self._ended() if self._over(now) else Probe()
            case State.WAITING:
                if self._over(now):
                    return self._ended()
                if now < self._wait:
                    return Wait(
                        self._wait if self.ends is None else min(self._wait, self._given_up)
                    )
                self.progress.state = State.PROBING
                return Probe()
            case State.READY:
                self._open(now)
                return Open()
            case State.LIVE:
                return self._media(now)
            case State.FINISHING:
                return Finish()
            case State.ENDED:
                return End(self._clean)

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        """What the probe brought; None: no answer, and why."""
        if answer is not None and answer.status == 200:
            self.progress.state = State.READY
            self.progress.answer = "200 to the probe"
            return
        self.progress.answer = _said(answer, why or "no connection")
        self._later(now, answer)

    def acknowledged(self, delivered: int, now: int) -> None:
        """Nothing follows from it before the POST is over."""

    def closed(self, answer: Answer | None, now: int, delivered: int, why: str = "") -> None:
        """The POST is over. `delivered`: bytes of its body that the peer's kernel has."""
        self.progress.answer = _said(answer, why or "connection lost")
        if self.progress.state is State.FINISHING and answer is not None:
            self._clean = answer.status == 200
            self.progress.state = State.ENDED
            return
        if self.progress.state is State.FINISHING and self._over(now):
            self._ended()
            return
        lost = [ordinal for ordinal, end in self._ends_at if end > delivered]
        self._next = min([self._next, *lost])
        if now - self._opened > self.stamper.clip.D * 1000:
            self._backoff.well()
        self._later(now, answer)

    def _later(self, now: int, answer: Answer | None) -> None:
        self._wait = now + self._backoff.wait(answer.after if answer else 0)
        self.progress.state = State.WAITING

    @property
    def _given_up(self) -> int:
        """When a stream that cannot reach its end stops trying; at once if it never began."""
        return (self.ends or 0) + (LAST_CALL if self.progress.posts else 0)

    def _over(self, now: int) -> bool:
        return self._stopping or (self.ends is not None and now >= self._given_up)

    def _ended(self) -> End:
        self.progress.state = State.ENDED
        return End(self._clean)

    def _open(self, now: int) -> None:
        self._queue.clear()
        self._ends_at.clear()
        self._opened, self._handed = now, 0
        self._held = 0
        self._put(self.stamper.header(self.tracks))
        while self._due(self._next) < now - BACKLOG:
            self._next += 1
            self.progress.skipped += 1
        born = max(1, self.faults.restarted(self._next))
        for ordinal in range(max(born, self._next - RESENT), self._next):
            self._cell(ordinal)
        self.progress.state = State.LIVE
        self.progress.posts += 1

    def _media(self, now: int) -> Step:
        sizes, times = self._kills
        if times and now >= times[0]:
            del times[0]
            return Cut()
        if sizes and self._total >= sizes[0]:
            del sizes[0]
            return Cut()
        if self._queue:
            return self._send(sizes[0] - self._total if sizes else None)
        if self._stopping or (self.ends is not None and self._due(self._next) > self.ends):
            self.progress.state = State.FINISHING
            return Finish()
        due = max(self._due(self._next), self._stalled)
        if now < due:
            return Wait(min([due, *times[:1]]))
        if self.faults.restarted(self._next) > max(self._life, 1):
            self._life = self._next
            return Cut()
        stall = self.faults.wire(self._next).stall if self._next > self._seen else 0
        if stall and not self._stalled:
            self._stalled = now + stall
            return Wait(min([self._stalled, *times[:1]]))
        self._stalled = 0
        self._cell(self._next)
        self._next += 1
        return self._media(now)

    def _send(self, room: int | None) -> Send:
        data = self._queue.popleft()
        if room is not None and len(data) > room:
            self._queue.appendleft(data[room:])
            data = data[:room]
        self._handed += len(data)
        self._total += len(data)
        self.progress.size += len(data)
        return Send(data)

    def _due(self, ordinal: int) -> int:
        """When a cell can be sent: when it is over, as with an encoder of live pictures."""
        end = (self._first + ordinal) * self.stamper.clip.D
        return ceil(end * 1000) + self.faults.delay

    def _cell(self, ordinal: int) -> None:
        """Queue a cell, with what its faults make of it."""
        fresh = ordinal > self._seen
        again = not fresh and ordinal != self._held
        wire = self.faults.wire(ordinal) if fresh else self.faults.wire(0)
        self._seen = max(self._seen, ordinal)
        if wire.late:
            self._held = ordinal
            return
        if not self.faults.dropped(ordinal):
            for _ in range(wire.copies):
                for sent in self.tracks:
                    fragment = self._fragment(sent, ordinal)
                    if wire.corrupt:
                        fragment = self.faults.damaged(fragment, ordinal, wire.corrupt)
                    self._put(fragment)
                    self.progress.fragments += 1
                    self.progress.resent += again
        self._ends_at.append((ordinal, self._handed + sum(map(len, self._queue))))
        if self._held:
            held = self._held
            if held != ordinal:
                self._cell(held)
            self._held = 0

    def _fragment(self, sent: Channelled, ordinal: int) -> bytes:
        n = self._first + ordinal - 1
        slip = self.faults.slip(ordinal, n, self.stamper.clip.D)
        born = self.faults.restarted(ordinal)
        return self.stamper.fragment(sent, ordinal - born if born else n, slip)

    def _put(self, data: bytes) -> None:
        self._queue.append(data)


def _said(answer: Answer | None, otherwise: str) -> str:
    return str(answer) if answer else otherwise
