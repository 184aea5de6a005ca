"""What a relay does for its process now and then: it gives back memory that a crowd has left.

Beside the loop, in a thread: it may take some milliseconds.
"""

import asyncio

from relay.heap import give_back

EVERY = 60.0
"""Seconds."""


async def tidy() -> None:
    """Until it is cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        await asyncio.to_thread(give_back)
