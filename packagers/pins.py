"""The pins of a channel as a document: what another relay has to know in order to number alike.

`/{name}.isml/pins` is JSON:

    {"channel": "news", "pins": [{"name": "run/1", "value": "..."}, ..., {"name": "grid", ...}]}

Numbers, URLs, discontinuity sequences and UTC are functions of the media and of a few facts that
were decided once: the grid, the runs, the changes of configuration. A relay that joins later takes
them, and the bandwidths that had to be measured, from one that was there. Not the headers, since
each site refuses on its own what does not fit its encoders, and not where tracks begin: that is
what its own store holds.

What a peer says is not believed before it is understood: sizes, counts, names, and each value by
the reader that will read it from the store. Names that are not known here are left out; the grid
comes last, so that a store which holds it holds all the others.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from relay.errors import EncoderError
from relay.headers import MOST_CHANGES, Change
from relay.ingest.smooth import read_header
from relay.ingest.url import NAME
from relay.media import Pin
from relay.numbering import INDEX_LIMIT, LONGEST, SHORTEST, Grid
from relay.presentation import Presentation
from relay.runs import Run

T = TypeVar("T")

MEDIA_TYPE = "application/json"
LARGEST = 8 << 20
"""Bytes of a document: most of it is the headers of changes."""
MOST_RUNS = 1_000
MOST_BANDWIDTHS = 128
LONGEST_FACT = 1_024
LONGEST_CHANGE = 1 << 20
_FURTHEST = 1 << 34
"""Seconds: an epoch beyond it is no time of ours."""

_NUMBERED = re.compile(r"(run|change)/([1-9][0-9]{0,5})")
_BANDWIDTH = re.compile(r"bandwidth/[A-Za-z0-9_-]{1,255}")
_FRACTION = re.compile(r"[0-9]{1,12}(/[1-9][0-9]{0,11})?")


def document(presentation: Presentation) -> bytes:
    """The document. Without pins while there is no grid."""
    facts = presentation.facts
    names = sorted((name for name in facts if _rank(name)), key=_order) if "grid" in facts else []
    pins = [{"name": name, "value": facts[name].decode("latin-1")} for name in names]
    return json.dumps({"channel": presentation.name, "pins": pins}, indent=1).encode() + b"\n"


def read(body: bytes) -> list[Pin]:
    """The pins of a document, in the order in which a store is to take them; [] if it has no grid.

    Raises ValueError with what is wrong.
    """
    facts = _facts(body)
    if "grid" not in facts:
        return []
    _check_grid(facts["grid"])
    _check_runs([_understood(Run.read, pin) for pin in _of("run", facts)])
    _check_changes([_understood(Change.read, pin) for pin in _of("change", facts)])
    for name, value in facts.items():
        if _BANDWIDTH.fullmatch(name) and not re.fullmatch(rb"[1-9][0-9]{0,11}", value):
            raise ValueError(f"{name} is no bandwidth")
    return [Pin(name, facts[name]) for name in sorted(facts, key=_order)]


def unlike(ours: Mapping[str, bytes], theirs: Sequence[Pin]) -> str:
    """What two relays decided otherwise that should number alike, for people; "" for nothing.

    `theirs` as `read` gives them, with a grid; `ours` the facts of a presentation that has one.
    """
    told = {pin.name: pin.value for pin in theirs}
    here, there = Grid.decode(ours["grid"]), Grid.decode(told["grid"])
    for name, what in (("D", "fragments of"), ("phase", "phase"), ("base", "first index")):
        if getattr(here, name) != getattr(there, name):
            return f"{what} {getattr(here, name)} here, {getattr(there, name)} there"
    if here.epoch != there.epoch:
        return f"a local timeline that begins {abs(here.epoch - there.epoch)} s apart"
    for what, reader in (("run", _run), ("change", _change)):
        names = {name for name in (*ours, *told) if name.startswith(f"{what}/")}
        for name in sorted(names, key=_order):
            if name not in ours or name not in told:
                return f"{name} only {'here' if name in ours else 'there'}"
            if reader(Pin(name, ours[name])) != reader(Pin(name, told[name])):
                return f"{name} is another one there"
    return ""


def _run(pin: Pin) -> object:
    return Run.read(pin)


def _change(pin: Pin) -> object:
    return Change.read(pin).start  # two encoders of one setting may write it in other bytes


def _facts(body: bytes) -> dict[str, bytes]:
    """The named values, of plain shape and bounded."""
    if len(body) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes")
    try:
        told = json.loads(body)
        pins = [(pin["name"], pin["value"]) for pin in told["pins"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("no document of pins") from None
    facts: dict[str, bytes] = {}
    for name, value in pins:
        if not (isinstance(name, str) and isinstance(value, str)):
            raise ValueError("a pin that is no text")  # noqa: TRY004 - what a peer said
        if not _rank(name):
            continue
        most = LONGEST_CHANGE if name.startswith("change/") else LONGEST_FACT
        if name in facts or len(value) > most or not value.isascii():
            raise ValueError(f"{name} twice, too long, or no text")
        facts[name] = value.encode()
    for what, most in (
        ("run", MOST_RUNS),
        ("change", MOST_CHANGES),
        ("bandwidth", MOST_BANDWIDTHS),
    ):
        if sum(name.startswith(f"{what}/") for name in facts) > most:
            raise ValueError(f"more than {most} of {what}")
    return facts


def _of(what: str, facts: Mapping[str, bytes]) -> list[Pin]:
    """The numbered pins of a kind: 1, 2, 3 .."""
    names = sorted((name for name in facts if name.startswith(f"{what}/")), key=_order)
    if names != [f"{what}/{number}" for number in range(1, len(names) + 1)]:
        raise ValueError(f"{what} is not numbered 1, 2, 3")
    return [Pin(name, facts[name]) for name in names]


def _understood(reader: Callable[[Pin], T], pin: Pin) -> T:
    try:
        return reader(pin)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise ValueError(f"{pin.name} says nothing that is known") from None


def _check_grid(value: bytes) -> None:
    try:
        said = json.loads(value)
        plain = all(_FRACTION.fullmatch(said[name]) for name in ("D", "phase"))
        whole = all(type(said[name]) is int for name in ("base", "epoch"))
        grid = Grid.decode(value) if plain and whole else None
    except (ValueError, TypeError, KeyError, RecursionError):
        grid = None
    if (
        grid is None
        or not SHORTEST <= grid.D <= LONGEST
        or not Fraction(0) <= grid.phase < grid.D
        or grid.base not in (0, 1)
        or abs(grid.epoch) > _FURTHEST
    ):
        raise ValueError("no grid")


def _check_runs(runs: list[Run]) -> None:
    start = -1
    for run in runs:
        if not start < run.start < INDEX_LIMIT or abs(run.offset) > INDEX_LIMIT:
            raise ValueError(f"run {run.number} has no index, or goes back")
        if abs(run.epoch) > _FURTHEST:
            raise ValueError(f"run {run.number} has no epoch")
        start = run.start


def _check_changes(changes: list[Change]) -> None:
    for change in changes:
        if not 0 <= change.start < INDEX_LIMIT or not NAME.fullmatch(change.stream):
            raise ValueError(f"change {change.number} has no index or stream")
        try:
            read_header(change.stream, change.header)
        except EncoderError as error:
            raise ValueError(f"change {change.number} has no header: {error.message}") from None


def _rank(name: str) -> int:
    """The order of the kinds; 0 for what is not handed on."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None:
        return 1 if numbered[1] == "run" else 2
    if _BANDWIDTH.fullmatch(name):
        return 3
    return 4 if name == "grid" else 0


def _order(name: str) -> tuple[int, int, str]:
    numbered = _NUMBERED.fullmatch(name)
    return _rank(name), int(numbered[2]) if numbered else 0, name
