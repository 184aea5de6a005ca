"""What a fuzzer drives: bytes in, and a judgement of what became of them.

A target calls a room of the relay with a stranger's bytes and asserts what holds of every answer.
It catches the errors that the room declares, and those alone: whatever else it raises is a find, an
AssertionError of its own too. `judged` adds what holds everywhere: the time and the memory that an
input may take, whatever it says. Both are generous, since the machine is shared and coverage costs;
what they are after is not a slow line but a count that nothing bounds.
"""

import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MS = 250
"""CPU time of one input, and of `KB_MS` more for each KiB of it (reliability: per bad input)."""
KB_MS = 5
KB = 64 * 1024
"""Memory that one input may add to the process, in KiB."""
COVERAGE = 8
"""How much longer all takes while coverage is counted."""


class TooSlow(AssertionError):
    """An input took longer than any may."""


class TooLarge(AssertionError):
    """An input took more memory than any may."""


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes one input. `seeds` are made by the project's own code; `words` are what a mutator
    may put in; `longest`: bytes of an input."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()
    longest: int = 8 * 1024


def judged(target: Target, data: bytes, patience: float = 1) -> None:
    """Run one input. `patience`: how much longer than usual all may take.

    Raises what the target raises, TooSlow, TooLarge.
    """
    limit = patience * (MS + KB_MS * len(data) / 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = _spent(target, data)
    for _ in range(2):  # a collection of garbage, or a first import, is not the input's
        if spent <= limit:
            break
        spent = min(spent, _spent(target, data))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if spent > limit:
        raise TooSlow(f"{target.name}: {len(data)} bytes took {spent:.0f} ms, {limit:.0f} may be")
    if grown > KB:
        raise TooLarge(f"{target.name}: {len(data)} bytes took {grown} KiB more, {KB} may be")


def _spent(target: Target, data: bytes) -> float:
    began = time.process_time()
    target.run(data)
    return (time.process_time() - began) * 1000
