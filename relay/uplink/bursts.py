"""One stream of sparse tracks on its way to one receiver: a short POST for each burst.

    header alone, at the start and whenever the receiver may have forgotten us (SPARSE-4a)
    header and what is new, with a Content-Length, as soon as it is there (SPARSE-4b to 4e)

A POST that stayed open without data would block its receiver, so none does. Nothing is resent but
what was not answered 200 (SPARSE-6); fragments become visible in the order of their arrival among
the parent's, and go up in that order. A failure is followed by a probe, as for other streams.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from relay.media import Buffer
from relay.presentation import Presentation
from relay.uplink.attempt import FIRST_WAIT, LONGEST_WAIT, Attempt, Phase
from relay.uplink.backoff import Backoff
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Stamp, Stamps
from relay.uplink.standing import Standing
from relay.uplink.steps import Answer, End, Fetch, Probe, Short, Step, Wait
from relay.uplink.supply import Package, Supply
from relay.uplink.uplink import FOREVER

MOST = 1024 * 1024
"""Bytes after which a burst is sent, though there is more."""


@dataclass(slots=True)
class Bursts:
    """One sparse stream. `jitter(k)` is a random number below k, handed in."""

    stamps: Stamps
    cursor: Cursor = field(default_factory=Cursor)
    jitter: Callable[[int], int] = lambda _: 0
    supply: Supply = field(init=False)
    attempt: Attempt = field(init=False)
    sent: int = 0
    size: int = 0
    _body: bytearray = field(default_factory=bytearray)
    _held: list[Package] = field(default_factory=list)
    _stamp: Stamp | None = None
    _announced: bool = False
    _probed: bool = False
    _stopping: bool = False
    _paused: str = ""

    def __post_init__(self) -> None:
        self.supply = Supply(self.stamps, self.cursor)
        self.attempt = Attempt(Backoff(FIRST_WAIT, LONGEST_WAIT, self.jitter))

    def see(self, shown: Presentation) -> None:
        """The presentation has changed."""
        self.supply.see(shown)

    def brought(self, wanted: Fetch, data: Sequence[Buffer] | None) -> None:
        """The bytes that a Fetch asked for; None: they are gone."""
        self.supply.brought(wanted, data)

    def announce(self) -> None:
        """The receiver may have forgotten us: send the header again."""
        self._announced = False

    def pause(self, reason: str) -> None:
        """Not wanted now, and why."""
        self._paused = reason

    def resume(self) -> None:
        """Wanted again."""
        if self._paused:
            self._paused = ""
            self.announce()

    def stop(self) -> None:
        """End, soon."""
        self._stopping = True

    @property
    def send_timeout(self) -> int:
        """ms; between one and two fragment lengths (SVC-2)."""
        return self.supply.D * 3 // 2

    @property
    def handed(self) -> int:
        """Bytes of the open POST."""
        return len(self._body)

    @property
    def standing(self) -> Standing:
        """How it stands."""
        attempt = self.attempt
        resting = attempt.phase in (Phase.REST, Phase.END)
        return Standing(
            attempt.state(0),
            (self._paused or "nothing to send") if resting else attempt.reason,
            self.sent,
            self.size,
            self.supply.lost,
            0,
            attempt.retries,
            attempt.posts,
            self.supply.events.left,
            0.0,
            attempt.failing,
            attempt.again,
            dict(attempt.answers),
        )

    def step(self, now: int) -> Step:
        """What to do next."""
        attempt = self.attempt
        if self._stopping:
            attempt.phase = Phase.END
        if attempt.phase is Phase.END:
            return End(attempt.clean)
        if self._paused:
            attempt.phase = Phase.REST
            return Wait(now + FOREVER)
        if attempt.phase is Phase.WAIT and now < attempt.until:
            return Wait(attempt.until)
        if self._announced and self.supply.due() is None and not self._held:
            attempt.phase = Phase.REST
            return Wait(now + FOREVER)
        if not self._probed:
            attempt.phase = Phase.PROBE
            return Probe()
        return self._burst(now)

    def probed(self, answer: Answer | None, now: int, why: str = "") -> None:
        """What the probe brought; None: no answer, and why."""
        self.attempt.probed(answer, now, why)
        self._probed = self.attempt.phase is Phase.READY

    def acknowledged(self, delivered: int, now: int) -> None:
        """Nothing follows from it: the answer decides."""

    def closed(
        self,
        answer: Answer | None,
        now: int,
        delivered: int,  # noqa: ARG002 - only an answer counts here
        why: str = "",
    ) -> None:
        """A POST is over; None: no answer, and why."""
        if answer is not None and self.attempt.ended(answer, now):
            self._announced = True
            for package in self._held:
                self.sent += self.cursor.acknowledge(package.due.track, package.place, now)
        else:
            if answer is None:
                self.attempt.failed(None, now, why)
            self._probed = False
            self.supply.rewind(now, resent=0)
        self._held.clear()

    def _burst(self, now: int) -> Step:
        self.attempt.phase = Phase.READY
        while sum(package.size for package in self._held) < MOST:
            found = self.supply.due()
            if found is None:
                break
            if self._held and found[1] is not self._stamp:
                break  # it goes with another header
            self._stamp = found[1]
            package = self.supply.next()
            if isinstance(package, Fetch):
                return package
            if package is None:
                break
            self.supply.take(package)
            self._held.append(package)
        stamp = self._stamp if self._held and self._stamp else self.stamps.known[-1]
        self._body = bytearray(stamp.header.data)
        for held in self._held:
            for part in held.parts:
                self._body += part
        self.size += len(self._body)
        self.attempt.opened(now)
        return Short(bytes(self._body))
