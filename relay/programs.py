"""The programs of a relay: what an operator starts and stops, and what a restart finds again.

Each has a store of the kind that channels have, named after both (`relay.program`); those stores
are the list of programs, and no other is kept. So a folder that is deleted while the relay is down
is a program that is gone, and one that is brought back is there again. With a store in memory they
end with the process.

A program whose channel is reset gets no more of it: what comes then has other numbers and times. It
stays as it is, until it is stopped. One whose channel is no longer configured is not shown.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog

from relay.channel import Channel
from relay.errors import (
    ChangeFailed,
    ControlConflict,
    ControlInvalid,
    OperatorError,
    ProgramUnknown,
    quoted,
)
from relay.program import Program
from relay.stopped import Stopped
from relay.store import Store

MOST = 256
"""Programs of a relay; each has its presentation in memory."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
SHORTEST, LONGEST = 10, 366 * 86_400
"""Seconds of an archive window."""

log = structlog.get_logger("relay.programs")


class Played(Mapping[str, Channel | Program | Stopped]):
    """What players may ask for: channels, stopped ones and programs, as they are at the moment."""

    def __init__(
        self, *among: Mapping[str, Channel] | Mapping[str, Program] | Mapping[str, Stopped]
    ) -> None:
        self._among = among

    def __getitem__(self, name: str) -> Channel | Program | Stopped:
        for known in self._among:
            if name in known:
                return known[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for known in self._among for name in known)

    def __len__(self) -> int:
        return sum(len(known) for known in self._among)


class Programs:
    """All programs. `shown`: by the name that stands in their URLs, `{channel}.{program}`.

    `shelf`: opens the store of a name, new or not; `discard`: deletes one that is closed. They
    raise OSError, the first one OperatorError too.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        shelf: Callable[[str], Awaitable[Store]],
        discard: Callable[[str], Awaitable[None]],
    ) -> None:
        self.shown: dict[str, Program] = {}
        self._channels = channels
        self._shelf = shelf
        self._discard = discard
        self._turn = asyncio.Lock()

    async def open(self, stored: list[str]) -> None:
        """Show those of which there is a store, by the names of the stores."""
        for name in sorted(stored)[:MOST]:
            channel, _, program = name.partition(".")
            if channel not in self._channels or not _NAME.fullmatch(program) or name in self.shown:
                continue
            store = await self._shelf(name)
            try:
                self.shown[name] = await Program.open(self._channels[channel], program, store)
            except ValueError as error:
                log.warning(
                    "program cannot be shown",
                    code="PROGRAM_UNREADABLE",
                    program=name,
                    error=str(error),
                )
                await store.close()

    async def close(self) -> None:
        """Record no more; all goes on where it was when they are opened again."""
        await asyncio.gather(*(program.close() for program in self.shown.values()))

    async def leave(self, channel: str) -> None:
        """Record no more of a channel that is about to be closed, and show none of its programs."""
        for name, program in self.of(channel).items():
            del self.shown[name]
            await program.close()

    def attach(self, channel: Channel) -> None:
        """A channel has been started again, on the store that it had."""
        for program in self.of(channel.name).values():
            program.attach(channel)

    def of(self, channel: str) -> dict[str, Program]:
        """The programs of a channel, by the name that stands in their URLs."""
        return {n: each for n, each in self.shown.items() if n.startswith(f"{channel}.")}

    def find(self, channel: str, name: str) -> Program:
        """One of them. Raises ProgramUnknown."""
        program = self.shown.get(f"{channel}.{name}")
        if program is None:
            raise ProgramUnknown(
                f"{channel} has no program {quoted(name)}.",
                hint=f"Its programs: relay program {channel}",
            )
        return program

    async def start(self, channel: Channel, name: str, window: int | None) -> Program:
        """Begin one with the next fragment. `window`: seconds that it keeps; None: all.

        Raises ControlInvalid, ControlConflict, ChangeFailed.
        """
        if not _NAME.fullmatch(name):
            raise ControlInvalid(
                "That is no name for a program.",
                hint="Use 1 to 48 of a-z 0-9 _ - and begin with a letter or digit.",
            )
        if window is not None and not SHORTEST <= window <= LONGEST:
            raise ControlInvalid(
                "That is no archive window.",
                hint=f"It has {SHORTEST} to {LONGEST} seconds, or is null.",
            )
        known = f"{channel.name}.{name}"
        async with self._turn:
            if known in self.shown:
                raise ControlConflict(
                    f"{channel.name} has had a program {name}; a name means one thing for ever.",
                    hint="Choose another one.",
                )
            if len(self.shown) >= MOST:
                raise ControlConflict(
                    f"There are {MOST} programs already.", hint="Delete old ones first."
                )
            store = None
            try:
                store = await self._shelf(known)
                program = await Program.start(channel, name, store, window)
            except (OSError, OperatorError) as error:
                if store is not None:
                    await store.close()
                raise ChangeFailed(f"The program has no store: {error}") from error
            self.shown[known] = program
        channel.tell("PROGRAM_STARTED", f"program {name} began")
        return program

    async def stop(self, channel: Channel, name: str) -> Program:
        """End one; returns when it is whole. Raises ProgramUnknown."""
        program = self.find(channel.name, name)
        if not program.presentation.ended:
            await program.stop()
            channel.tell("PROGRAM_ENDED", f"program {name} ended")
        return program

    async def delete(self, channel: Channel, name: str) -> None:
        """Delete one that has ended, with all that it has stored.

        Raises ProgramUnknown, ControlConflict, ChangeFailed.
        """
        async with self._turn:
            program = self.find(channel.name, name)
            if not program.presentation.ended:
                raise ControlConflict(
                    f"Program {name} still runs.",
                    hint=f"End it first: relay program {channel.name} --stop {name}",
                )
            del self.shown[program.name]
            await program.close()
            try:
                await self._discard(program.name)
            except OSError as error:
                raise ChangeFailed(
                    f"The store of {program.name} cannot be deleted: {error.strerror or error}.",
                    hint="It is shown again after a restart of the relay, with what is left of it.",
                ) from error
        channel.tell("PROGRAM_DELETED", f"program {name} was deleted")
