"""The conformance table, as Markdown: each row, the tests that claim it, and how they ended.

A row is *shown* when one of its tests passed and none failed. What was not part of the run is
`not run`, which says nothing against it.
"""

from collections.abc import Iterable, Mapping

from tests.conformance.rows import CLIENT, SERVER, Claim, Row, rows
from tests.conformance.scan import Claims

SHOWN = "passed"
NOT_RUN = "not run"
NOT_COVERED = "not covered"
LEFT_OUT = "left out"

Outcomes = Mapping[str, str]
"""How each test ended, by its name without parameters: passed, failed or skipped."""


def state(row: Row, mark: str, role: str, tests: Claims, ended: Outcomes) -> str:
    """What the run says of a row's duty."""
    claimed = tests.get(Claim(mark, row.name, role), [])
    if not claimed:
        return LEFT_OUT if role in row.left_out else NOT_COVERED
    states = {ended.get(test, NOT_RUN) for test in claimed}
    return next(worst for worst in ("failed", SHOWN, "skipped", NOT_RUN) if worst in states)


def states(mark: str, role: str, tests: Claims, ended: Outcomes) -> dict[str, str]:
    """The state of every row that has a duty in a role, by id."""
    return {
        row.name: state(row, mark, role, tests, ended)
        for row in rows(mark).values()
        if role in row.duties
    }


def summary(tests: Claims, ended: Outcomes) -> str:
    """One line for the terminal."""
    return f"conformance: {', '.join(shown(role, tests, ended) for role in (SERVER, CLIENT))}"


def shown(role: str, tests: Claims, ended: Outcomes) -> str:
    """How many of a role's rows are shown."""
    found = list(states("requirement", role, tests, ended).values())
    idle = found.count(NOT_RUN)
    aside = f" ({idle} not run)" if idle else ""
    return f"{found.count(SHOWN)} of {len(found)} {role.upper()} rows shown{aside}"


def document(tests: Claims, ended: Outcomes) -> str:
    """The whole table."""
    lines = ["# Conformance", "", "Written by pytest. The rows are in tests/conformance/rows.toml."]
    lines += _section("Towards encoders", "requirement", SERVER, tests, ended)
    lines += _section("Towards the ingest behind", "requirement", CLIENT, tests, ended)
    lines += _section("Faults", "fault", SERVER, tests, ended)
    lines += _section("Threats", "threat", SERVER, tests, ended)
    return "\n".join(lines) + "\n"


def alone(title: str, mark: str, tests: Claims, ended: Outcomes) -> str:
    """The rows of one kind as a document of their own, which names those that are not shown."""
    found = states(mark, SERVER, tests, ended)
    lacking = [f"{name} ({now})" for name, now in found.items() if now != SHOWN]
    lines = [f"# {title}", "", "Written by pytest. The rows are in tests/conformance/rows.toml."]
    lines += ["", f"{len(found) - len(lacking)} of {len(found)} shown."]
    lines += ["", f"Not shown: {', '.join(lacking)}."] if lacking else []
    return "\n".join([*lines, *_section("Each", mark, SERVER, tests, ended)]) + "\n"


def _section(title: str, mark: str, role: str, tests: Claims, ended: Outcomes) -> list[str]:
    found = states(mark, role, tests, ended)
    lines = ["", f"## {title}", "", _counted(found.values()), ""]
    if mark == "requirement":
        lines += [f"{shown(role, tests, ended)}.", ""]
    lines += ["| row | level | duty | state | tests |", "|---|---|---|---|---|"]
    for name, now in found.items():
        row = rows(mark)[name]
        by = [_told(test, ended) for test in tests.get(Claim(mark, name, role), [])]
        if now == LEFT_OUT:
            by = [row.left_out[role]]
        lines.append(f"| {name} | {row.level} | {row.duties[role]} | {now} | {'<br>'.join(by)} |")
    return lines


def _counted(found: Iterable[str]) -> str:
    every = list(found)
    order = (SHOWN, "failed", "skipped", NOT_RUN, NOT_COVERED, LEFT_OUT)
    said = [f"{every.count(one)} {one}" for one in order if one in every]
    return f"{len(every)} rows: {', '.join(said)}."


def _told(test: str, ended: Outcomes) -> str:
    now = ended.get(test, NOT_RUN)
    return f"`{test}`" if now == SHOWN else f"`{test}` ({now})"
