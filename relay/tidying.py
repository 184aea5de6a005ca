"""What a relay does for its process now and then: it searches for garbage, and gives back memory.

Each minute there is next to nothing to find and to give back, and it takes a few milliseconds. All
is searched once an hour. Memory is given back in a thread, so that the loop goes on where it
allocates nothing large.
"""

import asyncio

from relay.garbage import search
from relay.heap import give_back

EVERY = 60.0
"""Seconds."""
ALL = 60
"""Of so many searches, one looks at everything."""


async def tidy(every: float = EVERY) -> None:
    """Until it is cancelled."""
    done = 0
    while True:
        await asyncio.sleep(every)
        done += 1
        search(everywhere=done % ALL == 0)
        await asyncio.to_thread(give_back)
