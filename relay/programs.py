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
from typing import Any

import structlog

from relay.channel import Channel
from relay.errors import ControlInvalid, OperatorError, quoted
from relay.program import Program
from relay.store import Store

MOST = 256
"""Programs of a relay; each has its presentation in memory."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_SHORTEST = 10
_LONGEST = 366 * 86_400

log = structlog.get_logger("relay.programs")


class Played(Mapping[str, Channel | Program]):
    """What players may ask for: channels and programs, as they are at the moment."""

    def __init__(self, *among: Mapping[str, Channel] | Mapping[str, Program]) -> None:
        self._among = among

    def __getitem__(self, name: str) -> Channel | Program:
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

    `shelf`: opens the store of a name, new or not. Raises OSError or OperatorError.
    """

    def __init__(
        self, channels: Mapping[str, Channel], shelf: Callable[[str], Awaitable[Store]]
    ) -> None:
        self.shown: dict[str, Program] = {}
        self._channels = channels
        self._shelf = shelf
        self._turn = asyncio.Lock()

    async def open(self, stored: list[str]) -> None:
        """Show those of which there is a store, by the names of the stores."""
        for name in sorted(stored)[:MOST]:
            channel, _, program = name.partition(".")
            if channel not in self._channels or not _NAME.fullmatch(program):
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

    async def deed(self, channel: Channel, said: dict[str, Any]) -> dict[str, Any]:
        """{"start": name, "window": seconds or null} or {"stop": name}. Raises ControlInvalid."""
        if said.keys() <= {"start", "window"} and "start" in said:
            program = await self._start(channel, said["start"], said.get("window"))
        elif said.keys() == {"stop"}:
            program = await self._stop(channel, said["stop"])
        else:
            raise ControlInvalid(
                "What is to be done is not said.", hint='Send {"start": NAME} or {"stop": NAME}.'
            )
        return {
            "program": program.name,
            "path": f"/{program.name}.isml/",
            "ended": program.presentation.ended,
        }

    async def _start(self, channel: Channel, name: object, window: object) -> Program:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ControlInvalid(
                "That is no name for a program.",
                hint="Use 1 to 48 of a-z 0-9 _ - and begin with a letter or digit.",
            )
        seconds = window if isinstance(window, int) and not isinstance(window, bool) else 0
        if window is not None and not _SHORTEST <= seconds <= _LONGEST:
            raise ControlInvalid(
                "That is no archive window.",
                hint=f"It has {_SHORTEST} to {_LONGEST} seconds, or is null.",
            )
        known = f"{channel.name}.{name}"
        async with self._turn:
            if known in self.shown:
                raise ControlInvalid(
                    f"{channel.name} has had a program {name}; a name means one thing for ever.",
                    hint="Choose another one.",
                )
            if len(self.shown) >= MOST:
                raise ControlInvalid(
                    f"There are {MOST} programs already.",
                    hint="Move the folders of old ones out of the store, and restart the relay.",
                )
            store = None
            try:
                store = await self._shelf(known)
                program = await Program.start(channel, name, store, seconds or None)
            except (OSError, OperatorError) as error:
                if store is not None:
                    await store.close()
                raise ControlInvalid(f"The program has no store: {error}") from error
            self.shown[known] = program
        channel.tell("PROGRAM_STARTED", f"program {name} began")
        return program

    async def _stop(self, channel: Channel, name: object) -> Program:
        program = self.shown.get(f"{channel.name}.{name}")
        if program is None:
            raise ControlInvalid(f"{channel.name} has no program {quoted(str(name))}.")
        if not program.presentation.ended:
            await program.stop()
            channel.tell("PROGRAM_ENDED", f"program {name} ended")
        return program
