"""What is over and yet refers to itself in a circle: it stays until it is searched for."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def littered() -> Iterator[Counter[str]]:
    """What the body has left behind, by type; filled in when it is over."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def ours(found: Counter[str]) -> dict[str, int]:
    """That of it which this code, or hypercorn's in its hands, should not have left."""
    kinds = ("relay.", "hypercorn.", "builtins.frame", "builtins.traceback", "builtins.coroutine")
    return {name: count for name, count in found.items() if name.startswith(kinds)}
