"""What a relay does for its process now and then: it gives back memory that a crowd has left.

In a thread, so that the loop goes on where it allocates nothing large. Done each minute there is
next to nothing to give back, and it takes less than a millisecond.
"""

import asyncio

from relay.heap import give_back

EVERY = 60.0
"""Seconds."""


async def tidy(every: float = EVERY) -> None:
    """Until it is cancelled."""
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(give_back)
