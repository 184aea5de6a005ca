"""A model encoder's courier, and what a relay's door publishes of what it brings."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction

from relay.courier.access import Access
from relay.courier.courier import Courier
from relay.encoder.faults import Faults, parse
from relay.encoder.plan import Plan
from relay.encoder.stamp import Stamper
from tests import door

CELL = Fraction(1)
PATH = "/news.isml/Streams(main)"


@dataclass(frozen=True)
class Pushed:
    """A plan and who carries it."""

    plan: Plan
    courier: Courier


def utc() -> int:
    return time.time_ns() // 1_000_000


def sender(
    stamper: Stamper,
    address: tuple[str, int],
    *faults: str,
    lasts: float = 0,
    access: Access | None = None,
) -> Pushed:
    now = utc()
    ends = now + int(lasts * 1000) if lasts else None
    wrong = Faults([parse(text) for text in faults])
    made = Plan("main", stamper, stamper.tracks, now, ends, wrong)
    return Pushed(
        made, Courier(f"http://127.0.0.1:{address[1]}{PATH}", made, utc, lambda: access or Access())
    )


@asynccontextmanager
async def pushing(pushed: Pushed) -> AsyncIterator["asyncio.Task[bool]"]:
    task = asyncio.create_task(pushed.courier.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def published(opened: door.Door) -> list[int]:
    return [at for each in names(opened) for at in door.published(opened.channel, each)]


def names(opened: door.Door) -> list[str]:
    return [rendition.track.name for rendition in opened.channel.presentation.renditions]
