"""The children of a container box: `struct` and limits, so that no input holds the loop.

Every walk of untrusted boxes goes through here. It checks each size against its parent before it
looks inside, never recurses (callers descend along the few paths that they know, at most ten deep),
and counts: a moof of more than 256 boxes, or a moov of more than 4096, is refused.
"""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from relay.errors import BoxInvalid, quoted
from relay.media import Buffer

_HEADER = Struct(">I4s")
_LARGESIZE = Struct(">Q")


class Atom(NamedTuple):
    """Where a box lies in the bytes around it: all of it [start, end), its payload [body, end)."""

    type: str
    start: int
    body: int
    end: int
    uuid: bytes = b""


class Budget:
    """How many boxes may still be seen."""

    __slots__ = ("left",)

    def __init__(self, boxes: int) -> None:
        self.left = boxes

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BoxInvalid("A box holds more boxes than any encoder needs.")


def box_at(data: Buffer, start: int, end: int) -> Atom:
    """The box that begins at `start` and must not pass `end`. Raises BoxInvalid."""
    if end - start < 8:
        raise BoxInvalid(f"{end - start} stray bytes stand where a box should be.")
    size, kind = _HEADER.unpack_from(data, start)
    body = start + 8
    if size == 1 and end - start >= 16:
        (size,) = _LARGESIZE.unpack_from(data, body)
        body += 8
    name = kind.decode("latin-1")
    uuid = b""
    if name == "uuid":
        uuid = bytes(data[body : body + 16])
        body += 16
    if not body - start <= size <= end - start:
        raise BoxInvalid(
            f"Box '{quoted(name)}' states {size} bytes where at most {end - start} can be."
        )
    return Atom(name, start, body, start + size, uuid)


def children(data: Buffer, start: int, end: int, budget: Budget) -> list[Atom]:
    """The boxes that fill [start, end) of `data`. Raises BoxInvalid."""
    atoms = []
    while start < end:
        budget.spend()
        atom = box_at(data, start, end)
        atoms.append(atom)
        start = atom.end
    return atoms


def first(atoms: Iterable[Atom], kind: str) -> Atom | None:
    """The first atom of a type, or None."""
    return next((atom for atom in atoms if atom.type == kind), None)
