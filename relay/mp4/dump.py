"""Any MP4 as a tree of boxes and fields: what `relay dump` prints.

A tool for finding out what is wrong must not be stopped by it. Where boxes no longer fit into each
other, or a table does not fit its box, the node says so and the walk goes on behind it. Boxes that
we do not know are shown by type and size. Text shows the first rows of long tables, JSON all.

What comes from a file never reaches a terminal unescaped.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from construct import Construct, ConstructError

from relay.errors import EncoderError
from relay.media import SampleDefaults
from relay.mp4.codecs import describe
from relay.mp4.samples import parse_run
from relay.mp4.vocabulary import EXTENDED, HEADS, LEAVES
from relay.mp4.walk import Atom, box_at

_DEEPEST = 16
_LARGEST = 1 << 20  # bytes of a leaf whose fields are shown
_ROWS = 8
_BYTES = 32

Value = int | str | bytes | list["Value"] | dict[str, "Value"] | None


@dataclass(frozen=True, slots=True)
class Node:
    """A box. `name`: what an extended type is called; `start` and `size` in bytes; `error`: where
    it broke, "" when it did not."""

    type: str
    start: int
    size: int
    name: str = ""
    fields: dict[str, Value] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    error: str = ""


def tree(data: bytes) -> list[Node]:
    """The boxes of a file or body, whole or damaged. Never raises."""
    return list(_nodes(data, 0, len(data), 1))


def _nodes(data: bytes, start: int, end: int, depth: int) -> Iterator[Node]:
    while start < end:
        try:
            atom = box_at(data, start, end)
        except EncoderError as fault:
            yield Node("????", start, end - start, error=fault.message)
            return
        yield _node(data, atom, depth)
        start = atom.end


def _node(data: bytes, atom: Atom, depth: int) -> Node:
    size = atom.end - atom.start
    name, leaf = EXTENDED.get(atom.uuid, (atom.uuid.hex(), None))
    leaf = leaf or LEAVES.get(atom.type)
    head = HEADS.get(atom.type)
    fields: dict[str, Value] = {}
    inside: list[Node] = []
    error = ""
    try:
        if leaf is not None and size > _LARGEST:
            error = "too large to be shown"
        elif leaf is not None:
            fields = _fields(leaf, data[atom.body : atom.end], atom.type)
        elif head is not None:
            first = min(atom.end, atom.body + head.sizeof())
            fields = _fields(head, data[atom.body : first])
            if depth < _DEEPEST:
                inside = list(_nodes(data, first, atom.end, depth + 1))
            else:
                error = "boxes are nested too deeply to be shown"
            if head.sizeof() > 8:
                fields["codecs"] = describe(data[atom.start : atom.end]).codecs
    except (ConstructError, EncoderError, ArithmeticError, LookupError, ValueError) as fault:
        error = fault.message if isinstance(fault, EncoderError) else "its fields do not fit it"
    return Node(atom.type, atom.start, size, name, fields, inside, error)


def _fields(table: Construct, payload: bytes, kind: str = "") -> dict[str, Value]:
    if kind == "trun":
        parse_run(payload, SampleDefaults())  # bounds what the table would otherwise believe
    return {
        str(key): _value(value)
        for key, value in table.parse(payload).items()
        if not str(key).startswith("_") and value is not None
    }


def _value(value: Any) -> Value:
    """What construct gives, in plain types; numbers that are no integers as text."""
    if isinstance(value, dict):
        return {str(k): _value(v) for k, v in value.items() if k[0] != "_" and v is not None}
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, int | bytes | str):
        return value
    return str(value)


def to_json(nodes: list[Node]) -> str:
    """The tree as a JSON array; bytes in hexadecimal."""
    return json.dumps([_plain(node) for node in nodes], indent=2)


def _plain(node: Node) -> dict[str, Any]:
    said = {
        "type": node.type,
        "name": node.name,
        "start": node.start,
        "size": node.size,
        "fields": _unbyte(node.fields),
        "children": [_plain(child) for child in node.children],
        "error": node.error,
    }
    return {key: value for key, value in said.items() if value not in ("", {}, [])}


def _unbyte(value: Value) -> Value:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _unbyte(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unbyte(one) for one in value]
    return value


def as_text(nodes: list[Node], indent: str = "") -> str:
    """The tree as lines: type, size, where it starts, fields; printable characters only."""
    return "\n".join(line for node in nodes for line in _lines(node, indent))


def _lines(node: Node, indent: str) -> Iterator[str]:
    fields = {key: value for key, value in node.fields.items() if value or key not in _QUIET}
    long = {key: text for key, text in fields.items() if isinstance(text, str) and "\n" in text}
    rows = {key: rows for key, rows in fields.items() if isinstance(rows, list) and _nested(rows)}
    told = [f"{key}={_told(v, key)}" for key, v in fields.items() if key not in {**long, **rows}]
    title = f"{_safe(node.type)} {node.name}".rstrip()
    yield f"{indent}{title}  {node.size} @{node.start}" + "".join(f"  {one}" for one in told)
    if node.error:
        yield f"{indent}  ! {_safe(node.error)}"
    for text in long.values():
        yield from (f"{indent}  | {_safe(line)}" for line in text.splitlines())
    for key, table in rows.items():
        for row in table[:_ROWS]:
            yield f"{indent}  {key}: {_told(row)}"
        if len(table) > _ROWS:
            yield f"{indent}  {key}: and {len(table) - _ROWS} more"
    for child in node.children:
        yield from _lines(child, indent + "  ")


_QUIET = {"version", "flags"}  # not worth a word when they are 0


def _nested(rows: list[Value]) -> bool:
    return any(isinstance(row, dict) for row in rows)


def _told(value: Value, key: str = "") -> str:
    if isinstance(value, bytes):
        shown = value[:_BYTES].hex()
        return f"{shown}..({len(value)} bytes)" if len(value) > _BYTES else shown or "-"
    if isinstance(value, dict):
        return " ".join(f"{name}={_told(one, name)}" for name, one in value.items())
    if isinstance(value, list):
        more = f", and {len(value) - _ROWS} more" if len(value) > _ROWS else ""
        return "[" + ", ".join(_told(one) for one in value[:_ROWS]) + more + "]"
    if isinstance(value, int) and key.endswith("flags"):
        return f"{value:#x}"
    return _safe(str(value)) or "-"


def _safe(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text.rstrip("\0"))
