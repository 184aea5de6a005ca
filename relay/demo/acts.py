"""What whoever looks at the demo may do to it, and what is being done now.

An act lasts until it is taken back, or, when it has no way back, for some seconds; while one lasts
it cannot be begun again. The acts know nothing of the page, and the page nothing of them but their
facts: words, and what holds now.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Deed = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    pass


def _always() -> str:
    return ""


@dataclass(slots=True)
class Act:
    """One of them.

    label   what is done, a button's words;  back  how it is undone, "" where it ends by itself
    expect  what should happen, a sentence or two;  lasting  what holds while it lasts
    begin, end  do it and undo it;  seconds  for which it lasts where there is no way back
    hinder  why it cannot be done now; "": it can
    """

    label: str
    expect: str
    lasting: str
    begin: Deed
    end: Deed = _nothing
    back: str = ""
    seconds: float = 0
    hinder: Callable[[], str] = _always
    lasts: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self, *, on: bool, told: Callable[[], None]) -> None:
        """Begin or end it. What holds already, or cannot be, is left as it is.

        `told` is called at each change.
        """
        async with self._turn:
            if on == self.lasts or (on and self.hinder()) or not (on or self.back):
                return
            self.lasts = on
            told()
            await (self.begin if on else self.end)()
            if on and not self.back:
                await asyncio.sleep(self.seconds)
                self.lasts = False
            told()


class Acts:
    """All of them, by name. `told` is called with the facts at each change."""

    def __init__(self, acts: Mapping[str, Act], told: Callable[[dict[str, Any]], None]) -> None:
        self._acts = acts
        self._told = told
        self._tasks: set[asyncio.Task[None]] = set()

    def press(self, name: str, *, on: bool) -> None:
        """Begin or end one, if there is one of this name. Returns at once."""
        act = self._acts.get(name)
        # One turn of each at a time, and one that waits: impatience shall not pile up.
        if act is None or sum(task.get_name() == name for task in self._tasks) > 1:
            return
        task = asyncio.create_task(act.turn(on=on, told=self.tell), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self) -> None:
        """Tell the facts."""
        self._told(self.facts())

    def facts(self) -> dict[str, Any]:
        """Each act in plain values, by name. `place`: its turn on the page."""
        return {
            name: {
                "place": place,
                "label": act.label,
                "back": act.back,
                "expect": act.expect,
                "lasting": act.lasting,
                "lasts": act.lasts,
                "hinder": "" if act.lasts else act.hinder(),
            }
            for place, (name, act) in enumerate(self._acts.items())
        }

    async def close(self) -> None:
        """Nothing more is done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
