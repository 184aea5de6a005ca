"""The states of rows, and the table that is made of them."""

from dataclasses import replace

import pytest

from tests.conformance.report import alone, document, state, states, summary
from tests.conformance.rows import CLIENT, SERVER, Claim, Row
from tests.conformance.scan import Claims

ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"
TESTS: Claims = {
    Claim("requirement", "FMT-1a"): [ONE, TWO],
    Claim("requirement", "FMT-1b"): [TWO],
    Claim("requirement", "FMT-1b", CLIENT): [ONE],
    Claim("fault", "F01"): [ONE],
}


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ({}, "not run"),
        ({ONE: "passed"}, "passed"),
        ({ONE: "passed", TWO: "skipped"}, "passed"),
        ({TWO: "skipped"}, "skipped"),
        ({ONE: "passed", TWO: "failed"}, "failed"),
    ],
)
def test_the_worst_that_ran_counts(ended: dict[str, str], expected: str) -> None:
    assert states("requirement", SERVER, TESTS, ended)["FMT-1a"] == expected


def test_roles_and_kinds_are_apart() -> None:
    ended = {ONE: "passed"}
    assert states("requirement", SERVER, TESTS, ended)["FMT-1b"] == "not run"
    assert states("requirement", CLIENT, TESTS, ended)["FMT-1b"] == "passed"
    assert states("requirement", CLIENT, TESTS, ended)["FMT-1a"] == "not covered"
    assert "HTTP-7d" not in states("requirement", SERVER, TESTS, ended)
    assert states("fault", SERVER, TESTS, ended)["F01"] == "passed"
    assert set(states("threat", SERVER, TESTS, ended).values()) == {"not covered"}


def test_a_row_may_be_left_out_on_one_side() -> None:
    duties = {SERVER: "Read.", CLIENT: "Write."}
    row = Row("FMT-3a", duties, "MUST", {SERVER: "nobody can"})
    assert state(row, "requirement", SERVER, TESTS, {}) == "left out"
    assert state(row, "requirement", CLIENT, TESTS, {}) == "not covered"
    other = replace(row, left_out={CLIENT: "nobody may"})
    assert state(other, "requirement", SERVER, TESTS, {}) == "not covered"
    assert state(other, "requirement", CLIENT, TESTS, {}) == "left out"
    assert state(replace(row, name="FMT-1a"), "requirement", SERVER, TESTS, {}) == "not run"


def test_the_terminal_gets_one_line() -> None:
    every, others = (len(states("requirement", role, TESTS, {})) for role in (SERVER, CLIENT))
    assert summary(TESTS, {ONE: "passed", TWO: "passed"}) == (
        f"conformance: 2 of {every} SERVER rows shown, 1 of {others} CLIENT rows shown"
    )
    found = summary(TESTS, {TWO: "passed"})
    assert " SERVER rows shown, 0 of " in found
    assert found.endswith(" CLIENT rows shown (1 not run)")


def test_the_table_names_tests_and_how_they_ended() -> None:
    text = document(TESTS, {ONE: "passed", TWO: "failed"})
    (row, *_) = (line for line in text.splitlines() if line.startswith("| FMT-1a "))
    assert row.endswith(f"| failed | `{ONE}`<br>`{TWO}` (failed) |")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in tables if "---" not in line} == {4}
    assert "42 rows: 1 passed, 41 not covered." in text
    others = len(states("requirement", CLIENT, TESTS, {}))
    assert f"\n1 of {others} CLIENT rows shown.\n" in text


def test_one_kind_alone_begins_with_what_is_not_shown() -> None:
    text = alone("Faults", "fault", TESTS, {ONE: "passed"})
    assert text.startswith("# Faults\n")
    assert "\n1 of 42 shown.\n\nNot shown: F02 (not covered), F03 (not covered)," in text
    assert "| F01 |  | " in text
    assert f"| passed | `{ONE}` |" in text
    every = {Claim("threat", f"T{at:02}"): [ONE] for at in range(1, 45)}
    text = alone("Threats", "threat", every, {ONE: "passed"})
    assert "\n44 of 44 shown.\n" in text
    assert "Not shown" not in text
