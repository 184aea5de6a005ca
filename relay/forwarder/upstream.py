"""One channel to one destination: a courier for each course, as the courses come.

It looks when the channel has changed, and a few times a second besides: for what has become of the
couriers; a few times a second, and no more, for what is to be told to the operator, and once for
the ledger. At most one fragment of each stream is in memory, with what aiohttp and the kernel have
of it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from relay.channel import Channel
from relay.courier.courier import Courier
from relay.errors import EncoderError
from relay.forwarder.destination import Destination
from relay.forwarder.ledger import Ledger
from relay.forwarder.report import Report
from relay.media import Header
from relay.uplink.address import address, split
from relay.uplink.attempt import State
from relay.uplink.bursts import Bursts
from relay.uplink.catalogue import Catalogue
from relay.uplink.composition import composed, uncopied
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.standing import Standing, together
from relay.uplink.steps import Fetch
from relay.uplink.uplink import Uplink

LOOK = 0.25
"""Seconds between two looks when nothing happens."""
SAVE = 1.0
LAST_CALL = 5.0
"""Seconds that an orderly end may take."""

log = structlog.get_logger("relay.forwarder")


@dataclass(slots=True)
class _Stream:
    """One stream on its way."""

    uplink: Uplink | Bursts
    courier: Courier
    task: "asyncio.Task[bool]"
    posts: int = 0


class Upstream:
    """One channel to one destination. `jitter(k)` is a random number below k."""

    def __init__(
        self,
        channel: Channel,
        catalogue: Catalogue,
        destination: Destination,
        ledger: Ledger,
        jitter: Callable[[int], int],
    ) -> None:
        self.destination = destination
        self._channel = channel
        self._catalogue = catalogue
        self._ledger = ledger
        self._jitter = jitter
        self._cursors: dict[str, Cursor] = {}
        self._streams: dict[str, _Stream] = {}
        self._known: dict[str, int] = {}  # headers of each course that have been taken up
        self._paused = ""
        self._stands_by = ""
        self._holder = ""
        self._held = False
        self._report = Report(channel, destination.name)
        self._saved = self._reported = 0.0

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.destination.name

    def stands(self) -> Standing:
        """How it stands, all streams together; `again` in whole seconds, as ms since 1970."""
        standing = together([stream.uplink.standing for stream in self._streams.values()])
        standing = replace(standing, holder=self._holder)
        if self._held:
            standing = replace(standing, reason=self._why)
        elif self._stands_by:
            rest = {"failing": False, "again": 0, "backlog": 0, "seconds": 0.0}
            return replace(standing, state=State.STANDBY, reason=self._why, **rest)  # type: ignore[arg-type]
        if not standing.again:
            return standing
        at = time.time() + (standing.again - _now()) / 1000
        return replace(standing, again=round(at) * 1000)

    def progress(self) -> Cursor:
        """How far each track has come on all of the streams that carry it."""
        found = Cursor()
        for stream in self._streams.values():
            cursor = stream.uplink.cursor
            for track, index in cursor.reached.items():
                found.reached[track] = min(index, found.reached.get(track, index))
            for track, events in cursor.events.items():
                found.events.setdefault(track, set()).update(events)
        return found

    def open(self) -> None:
        """Take up what was kept."""
        self._cursors = self._ledger.load()

    def pause(self, reason: str, progress: Cursor) -> None:
        """Send nothing for now; another one has made this progress."""
        self._paused = reason
        for stream in self._streams.values():
            stream.uplink.supply.follow(progress)
        self._settle()

    def resume(self) -> None:
        """Send."""
        self._paused = ""
        self._settle()

    @property
    def wanted(self) -> bool:
        """It has something to do, if it is this relay's turn."""
        return not (self._held or self._paused or self._channel.failed)

    @property
    def apart(self) -> bool:
        """What this relay has is not what the others have: it sends that, whoever's turn it is, and
        leaves the turn to one that has all."""
        return bool(self._channel.store.degraded)

    def stand_by(self, holder: str) -> None:
        """Another relay of the cluster sends, or nobody knows yet which is to."""
        self._holder, before = holder, self._stands_by
        self._stands_by = f"{holder or 'no relay'} sends to it"
        if self._stands_by != before:
            self._settle()

    def take_turn(self, holder: str) -> None:
        """Send, since this is the relay that is to; `holder` is its name, or who else does too."""
        self._holder, before = holder, self._stands_by
        self._stands_by = ""
        if before:
            self._settle()

    def cursors(self) -> Mapping[str, Cursor]:
        """How far each stream has come."""
        return self._cursors

    def follow(self, progress: Mapping[str, Cursor]) -> None:
        """Another relay's streams have come so far, at the same receiver."""
        for name, cursor in progress.items():
            self._cursors.setdefault(name, Cursor()).follow(cursor)
            if name in self._streams:
                self._streams[name].uplink.supply.follow(cursor)

    def hold(self, *, held: bool) -> None:
        """An operator wants it to send nothing, or no longer so."""
        if held is not self._held:
            self._held = held
            if held:
                self._say("UPSTREAM_PAUSED", "was paused")
            else:
                self._say("UPSTREAM_RESUMED", "goes on")
        self._settle()

    @property
    def _why(self) -> str:
        """Why nothing is sent, or ""."""
        return "paused by an operator" if self._held else self._stands_by or self._paused

    def _say(self, code: str, how: str) -> None:
        text = f"{self.name}: {how} by an operator"
        self._channel.tell(code, text, upstream=self.name)

    def _settle(self) -> None:
        for stream in self._streams.values():
            if self._why:
                stream.uplink.pause(self._why)
            else:
                stream.uplink.resume()
            stream.courier.nudge()

    async def look(self) -> None:
        """The channel may have changed, or the couriers have."""
        shown = self._channel.presentation
        for name, course in self._catalogue.courses.items():
            for header in course.headers[self._known.get(name, 0) :]:
                for its_name, its in self._divided(name, course.stream, header).items():
                    self._take_up(its_name, its)
            self._known[name] = len(course.headers)
        again = False
        for stream in self._streams.values():
            stream.uplink.see(shown)
            stream.courier.nudge()
            attempt = stream.uplink.attempt
            if stream.task.done():
                attempt.failed(None, _now(), "a fault of the relay itself: see its log")
                stream.task = self._start(stream.courier)
            if isinstance(stream.uplink, Uplink) and attempt.posts > stream.posts:
                stream.posts = attempt.posts
                again = again or attempt.failing
        for stream in self._streams.values():
            if again and isinstance(stream.uplink, Bursts):
                stream.uplink.announce()  # the receiver may have been restarted
        now = time.monotonic()
        if now - self._reported >= LOOK:
            self._reported = now
            self._report.tell(self.stands(), held=self._held)
        if now - self._saved >= SAVE:
            self._saved = now
            await self._ledger.save(self._cursors)

    async def close(self, *, reset: bool = False) -> None:
        """End each POST behind its current fragment, and keep how far it came.

        `reset`: the channel begins anew, and how far this came says nothing of what comes now.
        """
        for stream in self._streams.values():
            stream.courier.stop()
        tasks = [stream.task for stream in self._streams.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_CALL)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if reset:
            self._cursors = {name: Cursor(sequence=c.sequence) for name, c in self._cursors.items()}
        await self._ledger.save(self._cursors)

    def _divided(self, name: str, stream: str, header: Header) -> dict[str, Header]:
        """The courses that a course goes up as."""
        to = self.destination
        for track in uncopied(header) if to.audio_twice else ():
            text = f"{self.name}: {track} goes up once: its stream's manifest says no systemBitrate"
            self._channel.tell("UPSTREAM_STREAM", text, grave=True, upstream=self.name)
        try:
            return composed(
                name, stream, header, per_track=to.per_track, audio_twice=to.audio_twice
            )
        except EncoderError as error:
            text = f"{self.name}: stream {stream} goes up as it came: {error.message}"
            self._channel.tell("UPSTREAM_STREAM", text, grave=True, upstream=self.name)
        return {name: header}

    def _take_up(self, name: str, header: Header) -> None:
        """A course begins, or has a new header. Before its slash stands the id of its stream."""
        known = self._streams.get(name)
        if known is None:
            self._begin(name, header)
        elif all(stamp.header.tracks != header.tracks for stamp in known.uplink.stamps.known):
            known.uplink.supply.add(header)

    def _begin(self, name: str, header: Header) -> None:
        cursor = self._cursors.setdefault(name, Cursor())
        stamps = Stamps.of(header, width=self.destination.width)
        sparse = all(told.track.parent for told in header.tracks)
        uplink = (
            Bursts(stamps, cursor, self._jitter)
            if sparse
            else Uplink(stamps, cursor, self.destination.speed, self._jitter, self._filled)
        )
        if self._why:
            uplink.pause(self._why)

        async def bring(wanted: Fetch) -> None:
            found = wanted.track, wanted.run, wanted.index, wanted.time
            uplink.brought(wanted, await self._channel.store.parts(*found))

        point, _, query = split(self.destination.url)
        courier = Courier(
            address(point, name.partition("/")[0], query, None),
            uplink,
            _now,
            self.destination.access,
            bring=bring,
        )
        self._streams[name] = _Stream(uplink, courier, self._start(courier))

    def _start(self, courier: Courier) -> "asyncio.Task[bool]":
        name = f"forward {self._channel.name} to {self.name}"
        task = asyncio.create_task(courier.run(), name=name)
        task.add_done_callback(self._died)
        return task

    def _filled(self, track: str, run: int, index: int) -> bool:
        return self._channel.store.find(track, run, index) is not None

    def _died(self, task: "asyncio.Task[bool]") -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("upstream failed", code="UPSTREAM_FAILED", exc_info=task.exception())


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
