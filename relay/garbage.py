"""The search for garbage: when the interpreter looks through what it holds, and through how much.

Counting references frees what is over; the interpreter's search is for what refers to itself in a
circle, and the server, whose connections come and go by the thousand, leaves nothing of that kind.
The search costs a look at everything that is alive, in which nothing is served: 80 ms with a
thousand players, several times a second when left to itself, half a second with a window of a day.
So the young are searched as usual, which is where garbage is found if anywhere. What lives longer
is searched once, and then set aside (`search`): each time there is but little to look at. What has
become garbage aside is found when all is looked at again, now and then.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEVER = 1_000_000
"""Searches of the middle generation for each of the old one."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Build what will stay: no search meanwhile, and what is there then is set aside."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)


def search(*, everywhere: bool = False) -> int:
    """Search what has come since, or `everywhere`, and set aside what lives. How many did not."""
    if everywhere:
        gc.unfreeze()
    found = gc.collect()
    gc.freeze()
    return found
