"""A program: a part of a channel that outlives its window, under a name and URLs of its own.

    /{channel}.{program}.isml/master.m3u8, .../manifest.mpd, .../{track}/{index}.m4s

To a player it is a publishing point like any other: same documents, same numbers and times as the
channel's, from a store of its own, `{channel}.{program}`. No channel has a dot in its name. While
it runs it is live, and its window grows from its first fragment on (or is its archive window, if it
has one); once it is stopped nothing of it ever changes (`Presentation.ended`).

What holds it. The channel's store knows nothing of programs: what they want is copied from it as it
is put there, so its trims, its law and a reset of the channel stay what they are. It costs the
bytes a second time; for that a program is a folder that can be moved, kept, or deleted. It holds

    program           {"first": index, "window": seconds or null}, when it is started
    program/last      the index with which it ends, when it is stopped
    pins              of the channel, that documents rest on: grid, headers, runs, changes, rates
    copies, gaps, fills and events of indexes from the first on

Pins are decided once, so a program can be neither moved nor stopped twice, and its name means one
thing for ever.

A program is what a `View` makes of its store, as a channel is; so a restart is a replay. It follows
the channel's store from its beginning whenever it is opened: what it has already is not the first
under its key, what it has not is there as long as the channel's window holds it. So nothing is lost
by a crash, or by a restart that is shorter than the window.

The last index is the highest that every track had in its place when it was stopped. All of it is in
the channel's store then; the program ends when it has been copied, and shows nothing beyond it.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

import structlog

from relay.arrival import Sender
from relay.media import Copy, Kind, Member, Pin
from relay.numbering import Grid
from relay.presentation import Presentation
from relay.rules import Rules
from relay.store import Store
from relay.view import View

LONGEST = Fraction(366 * 86_400)
"""Seconds of a program without an archive window."""
RETRY = 1.0
"""Seconds until a disk that refused is asked again."""

_FACTS = frozenset(("grid", "header", "run", "change", "bandwidth"))
_START, _LAST = "program", "program/last"

log = structlog.get_logger("relay.program")


class Recorded(Protocol):
    """The channel. `posts`: what is open, by sender; `refusals` of players, by code."""

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> Store: ...

    @property
    def presentation(self) -> Presentation: ...

    @property
    def posts(self) -> Mapping[Sender, int]: ...

    @property
    def refusals(self) -> Counter[str]: ...


class Program:
    """A program of a channel, as players see it. Made by `start` or `open`."""

    def __init__(self, channel: Recorded, name: str, store: Store) -> None:
        self.name = f"{channel.name}.{name}"
        self.store = store
        self._channel = channel
        self._first = 0
        self._stop: int | None = None
        self._view = _view(self.name, None)
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls, channel: Recorded, name: str, store: Store, window: int | None = None
    ) -> "Program":
        """One that begins with the next fragment of the channel. Its store is empty.

        `window`: seconds that it keeps, None for all. Raises OSError.
        """
        edges = _edges(channel.presentation)
        first = max(edges.values(), default=-1) + 1
        told = {"first": first, "window": window}
        await store.put(Pin(_START, json.dumps(told).encode()))
        return await cls.open(channel, name, store)

    @classmethod
    async def open(cls, channel: Recorded, name: str, store: Store) -> "Program":
        """One that was started before; its store says what it is. Raises ValueError: it is none."""
        program = cls(channel, name, store)
        feed = store.follow()
        past = list(feed.past)
        feed.close()
        pins = {member.name: member.value for member in past if isinstance(member, Pin)}
        if _START not in pins:
            raise ValueError(f"the store of {program.name} holds no program")
        told = json.loads(pins[_START])
        program._first = int(told["first"])
        program._view = _view(program.name, told["window"])
        if _LAST in pins:
            program._show(past, int(pins[_LAST]))
        else:
            program._view.replay(past, 0)
            program._task = asyncio.create_task(program._record(), name=f"record {program.name}")
        return program

    @property
    def presentation(self) -> Presentation:
        """What there is to play now."""
        return self._view.presentation

    @property
    def rules(self) -> Rules:
        """No trouble of its channel sends its players on."""
        return Rules()

    @property
    def posts(self) -> Mapping[Sender, int]:
        """Those of its channel."""
        return self._channel.posts

    @property
    def refusals(self) -> Counter[str]:
        """Counted with its channel."""
        return self._channel.refusals

    def attach(self, channel: Recorded) -> None:
        """Its channel is another one now, on the same store, as after a stop and a start."""
        self._channel = channel

    def tell(self, code: str, text: str, *, grave: bool = False) -> None:
        """Something happened that is worth a line in the log."""
        (log.warning if grave else log.info)(text, code=code, program=self.name)

    async def stop(self) -> None:
        """End it with what every track has; returns when it is whole. It may be stopped once."""
        edges = _edges(self._channel.presentation)
        if self._stop is None and not self.presentation.ended:
            self._stop = max(min(edges.values(), default=-1), self._first - 1)
            if self._task is not None:
                await _cancelled(self._task)
            self._task = asyncio.create_task(self._record(), name=f"record {self.name}")
        await self._ended.wait()

    async def close(self) -> None:
        """Record no more, and close its store."""
        if self._task is not None:
            await _cancelled(self._task)
        await self.store.close()

    async def _record(self) -> None:
        """Copy what the channel's store has, and what it gets, until it is stopped."""
        while True:
            try:
                await self._follow()
            except OSError as error:
                log.warning(
                    "program cannot be written",
                    code="PROGRAM_UNWRITABLE",
                    program=self.name,
                    error=str(error),
                )
                await asyncio.sleep(RETRY)
            else:
                return

    async def _follow(self) -> None:
        feed = self._channel.store.follow()
        with contextlib.closing(feed):
            for member in feed.past:
                await self._take(member)
            if self._stop is not None:  # all that it ends with was there
                await self._end(self._stop)
                return
            async for member in feed:
                await self._take(member)

    async def _take(self, member: Member) -> None:
        if isinstance(member, Pin):
            wanted = member.name.partition("/")[0] in _FACTS
        else:
            wanted = self._first <= member.index and (
                self._stop is None or member.index <= self._stop
            )
        if not wanted:
            return
        data = b""
        if isinstance(member, Copy):
            known = self.store.find(member.track, member.run, member.index)
            if known == member:
                return
            time = member.time if member.event else None
            found = await self._channel.store.get(member.track, member.run, member.index, time)
            if found is None or len(found) != member.size:
                return  # damaged, or it has left the window meanwhile
            data = found
        if await self.store.put(member, [data] if data else []):
            self._view.apply(member, 0)
            for track, run, floor in self._view.trims():
                await self.store.trim(track, run, floor)

    async def _end(self, last: int) -> None:
        await self.store.put(Pin(_LAST, b"%d" % last))
        feed = self.store.follow()
        self._show(feed.past, last)
        feed.close()
        log.info(
            "program ended", code="PROGRAM_ENDED", program=self.name, first=self._first, last=last
        )

    def _show(self, past: Iterable[Member], last: int) -> None:
        """All of it, as it stays."""
        known = self.presentation
        view = _view(self.name, None if known.whole else known.window)
        view.replay((m for m in past if isinstance(m, Pin) or m.index <= last), 0)
        view.presentation = replace(view.presentation, ended=True)
        self._view = view
        self._ended.set()


def _view(name: str, window: Fraction | int | None) -> View:
    """Of a program that keeps so many seconds, or all."""
    seconds = Fraction(window or LONGEST)
    shown = Presentation(name, Grid(Fraction(2)), seconds, whole=not window)
    return View(shown, patience=0)


def _edges(presentation: Presentation) -> dict[str, int]:
    """The highest index of each track that plays."""
    playing = (Kind.VIDEO, Kind.AUDIO)
    return {
        r.name: r.segments[-1].index
        for r in presentation.renditions
        if r.segments and r.track.key.kind in playing
    }


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
