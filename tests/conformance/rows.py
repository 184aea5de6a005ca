"""The rows of the conformance table: what each id means, and what a test may claim to show.

A *claim* is one id in a marker. `requirement` ids are claimed in a role: the relay is a server to
encoders and a client to the ingest that it forwards to, and a row may have a duty for either.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MARKS = {
    "requirement": "requirement(*ids, role='server'): rows of the conformance checklist that the"
    " test shows",
    "fault": "fault(*ids): faults that the test inflicts, and that cost nothing they should not",
    "threat": "threat(*ids): what the test tries as an attacker would, in vain",
}
"""The markers by name, as pytest is told of them."""

SERVER, CLIENT = "server", "client"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `duties`: by role, a sentence each; of faults and threats, what they are.

    `left_out`: by role, why no test is asked to show its duty.
    """

    name: str
    duties: Mapping[str, str]
    level: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A test says that it shows a row. `mark` is one of MARKS; `role` is for requirements."""

    mark: str
    name: str
    role: str = SERVER


@cache
def rows(mark: str) -> dict[str, Row]:
    """All rows that a marker may name, in the order of the file."""
    said = tomllib.loads(Path(__file__).with_name("rows.toml").read_text())[mark]
    return {name: _row(name, about) for name, about in said.items()}


def _row(name: str, about: str | Mapping[str, str]) -> Row:
    if isinstance(about, str):
        return Row(name, {SERVER: about})
    duties = {role: about[role] for role in (SERVER, CLIENT) if role in about}
    reasons = {SERVER: about.get("left_out", ""), CLIENT: about.get("client_left_out", "")}
    left_out = {role: reason for role, reason in reasons.items() if reason}
    return Row(name, duties, about["level"], left_out)


def claims(mark: str, ids: tuple[object, ...], said: Mapping[str, object]) -> list[Claim]:
    """What a marker with these arguments claims. Raises ValueError when there is no such row."""
    role = said.get("role", SERVER)
    unknown = sorted(said.keys() - ({"role"} if mark == "requirement" else set()))
    if unknown:
        raise ValueError(f"{mark}() knows no argument {unknown[0]}")
    if not ids:
        raise ValueError(f"{mark}() names no row")
    found = []
    for name in ids:
        row = rows(mark).get(str(name))
        if row is None or not isinstance(name, str):
            raise ValueError(f"{mark}({name!r}) is no row of tests/conformance/rows.toml")
        if role not in row.duties:
            raise ValueError(f"{mark}({name!r}) has no duty of role {role!r}")
        found.append(Claim(mark, name, str(role)))
    return found
