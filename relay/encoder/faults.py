"""What may go wrong on purpose: a small language for the command line.

    kill@BYTES        the connection breaks after so many bytes of bodies, for example in a moof
    kill=SECONDS      the connection breaks so long after the start
    drop=N[-M]        fragments N to M are never sent
    delay=MS          every fragment is sent so much later
    duplicate=N       fragment N is sent twice
    reorder=N         fragment N is sent after N + 1
    corrupt=N[:moof]  bytes of fragment N's mdat (or moof) are damaged; when sent again, it is whole
    stall=SECONDS[@N] nothing is sent for so long, before fragment N (4); the connection stays open
    restart-at-zero=N from fragment N on, an encoder that begins anew with times from 0
    drift=MS_PER_MIN  the encoder's clock is fast (or, negative, slow)
    poison=N          fragment N's time is ten years ahead
    slate=N[-M]       fragments N to M show other pictures under the right times

Fragments are counted from 1, the first that this push sends; fragment N is that of every track of
the stream. The encoder behind a fault is the model encoder still: it reconnects, sends its header
and the last two fragments again, and goes on. Faults of the media (drift, restart-at-zero, poison,
slate, drop) are in the fragment however often it is sent; those of the wire happen once.

Some may also be ordered while it runs (`--orders`). Their fragments count from the next one, and a
delay takes the place of the one before, so `delay=0` ends it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256

from relay.encoder.stamp import NONE, Slip
from relay.errors import OperatorError, quoted
from relay.mp4.walk import box_at

TEN_YEARS = Fraction(315_576_000)
STALL_BEFORE = 4
DAMAGED = 16
"""Bytes that `corrupt` changes."""
ORDERED = ("corrupt", "delay", "drop", "duplicate", "poison", "reorder", "slate", "stall")
"""Those that may be ordered while it runs."""
REMEMBERED = 300
"""Fragments after which an order is forgotten: longer ago than any that is sent again."""

_SHAPES = {
    "kill": r"(?:@(?P<bytes>\d+)|=(?P<seconds>\d+(?:\.\d+)?))",
    "drop": r"=(?P<first>\d+)(?:-(?P<last>\d+))?",
    "delay": r"=(?P<ms>\d+)",
    "duplicate": r"=(?P<first>\d+)",
    "reorder": r"=(?P<first>\d+)",
    "corrupt": r"=(?P<first>\d+)(?::(?P<where>moof|mdat))?",
    "stall": r"=(?P<seconds>\d+(?:\.\d+)?)(?:@(?P<first>\d+))?",
    "restart-at-zero": r"=(?P<first>\d+)",
    "drift": r"=(?P<ms>-?\d+(?:\.\d+)?)",
    "poison": r"=(?P<first>\d+)",
    "slate": r"=(?P<first>\d+)(?:-(?P<last>\d+))?",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it was asked for. `amount`: its bytes, seconds or ms."""

    name: str
    first: int = 0
    last: int = 0
    amount: Fraction = Fraction(0)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """What happens when a cell is first sent. `stall` in ms; `corrupt`: "moof", "mdat" or ""."""

    copies: int = 1
    late: bool = False
    corrupt: str = ""
    stall: int = 0


def parse(text: str) -> Fault:
    """Read one fault. Raises OperatorError."""
    name = re.split("[=@]", text, maxsplit=1)[0]
    shape = _SHAPES.get(name)
    if shape is None:
        raise OperatorError(
            f'"{quoted(text)}" is no fault.', hint=f"Faults: {', '.join(sorted(_SHAPES))}."
        )
    found = re.fullmatch(shape, text[len(name) :])
    if found is None:
        raise OperatorError(f'The fault "{quoted(text)}" cannot be read.', hint=_example(name))
    said = found.groupdict()
    first = int(said.get("first") or STALL_BEFORE)
    last = int(said.get("last") or first)
    if first < 1 or last < first:
        raise OperatorError(f'The fault "{quoted(text)}" names no fragment; they count from 1.')
    amount = said.get("bytes") or said.get("seconds") or said.get("ms") or "0"
    where = (said.get("where") or "mdat") if name == "corrupt" else ""
    kind = "kill@" if said.get("bytes") else name
    return Fault(kind, first, last, Fraction(amount), where)


class Faults:
    """All faults of one push. Cells by ordinal, from 1."""

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._faults = tuple(faults)
        self._seed = seed
        self.kill_bytes = sorted(int(fault.amount) for fault in self._named("kill@"))
        self.kill_ms = sorted(int(fault.amount * 1000) for fault in self._named("kill"))

    @property
    def delay(self) -> int:
        """ms by which everything is late."""
        return sum(int(fault.amount) for fault in self._named("delay"))

    def order(self, fault: Fault, after: int) -> None:
        """One more from now on; its fragments count from the one behind `after`.

        Raises OperatorError for what cannot be ordered.
        """
        if fault.name not in ORDERED:
            name = fault.name.rstrip("@")
            raise OperatorError(
                f'"{name}" has to be asked for at the start.', hint=f"Orders: {', '.join(ORDERED)}."
            )
        kept = [
            known
            for known in self._faults
            if known.name not in ORDERED
            or (
                known.name != fault.name
                if known.name == "delay"
                else known.last > after - REMEMBERED
            )
        ]
        self._faults = (
            *kept,
            replace(fault, first=fault.first + after, last=fault.last + after),
        )

    def dropped(self, ordinal: int) -> bool:
        """The cell is never sent."""
        return self._at("drop", ordinal) is not None

    def restarted(self, ordinal: int) -> int:
        """The cell with which a new life of the encoder began; 0: its first life lasts."""
        firsts = [f.first for f in self._named("restart-at-zero") if f.first <= ordinal]
        return max(firsts, default=0)

    def slip(self, ordinal: int, n: int, cell: Fraction) -> Slip:
        """What is wrong with the media of a cell that is number `n` and lasts `cell` seconds."""
        shift = sum((TEN_YEARS for f in self._named("poison") if f.first == ordinal), Fraction(0))
        drift = sum((f.amount for f in self._named("drift")), Fraction(0)) * cell / 60_000
        content = n + 1 if self._at("slate", ordinal) else None
        if not shift and not drift and content is None:
            return NONE
        return Slip(shift + drift * (ordinal - 1), shift + drift * ordinal, content)

    def wire(self, ordinal: int) -> Wire:
        """What happens to a cell on its first way."""
        corrupt = self._at("corrupt", ordinal)
        stall = self._at("stall", ordinal)
        return Wire(
            copies=2 if self._at("duplicate", ordinal) else 1,
            late=self._at("reorder", ordinal) is not None,
            corrupt=corrupt.where if corrupt else "",
            stall=int(stall.amount * 1000) if stall else 0,
        )

    def damaged(self, fragment: bytes, ordinal: int, where: str) -> bytes:
        """The fragment with some bytes of its moof or mdat changed; which, the seed decides."""
        moof = box_at(fragment, 0, len(fragment))
        box = moof if where == "moof" else box_at(fragment, moof.end, len(fragment))
        changed = bytearray(fragment)
        for count in range(DAMAGED):
            token = sha256(f"{self._seed}/{ordinal}/{count}".encode()).digest()
            at = box.body + int.from_bytes(token[:4], "big") % max(1, box.end - box.body)
            changed[at] ^= token[4] | 1
        return bytes(changed)

    def _named(self, name: str) -> list[Fault]:
        return [fault for fault in self._faults if fault.name == name]

    def _at(self, name: str, ordinal: int) -> Fault | None:
        here = (fault for fault in self._named(name) if fault.first <= ordinal <= fault.last)
        return next(here, None)


def _example(name: str) -> str:
    lines = [line.strip() for line in (__doc__ or "").splitlines()]
    found = (line for line in lines if re.match(rf"{name}[=@]", line))
    return "Write: " + "; or ".join(" ".join(line.split()) for line in found)
