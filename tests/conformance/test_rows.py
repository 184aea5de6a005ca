"""The rows, and the claims that the tests of this project make."""

from pathlib import Path

import pytest

from tests.conformance.rows import CLIENT, SERVER, Claim, claims, rows
from tests.conformance.scan import scan

ROOT = Path(__file__).parent.parent.parent
LEVELS = {"MUST", "MUST NOT", "REQUIRED", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY"}
OURS = {"STATED", "PROJECT"}


@pytest.mark.parametrize("role", [SERVER, CLIENT])
def test_every_duty_has_a_test_or_a_reason(role: str) -> None:
    claimed = {claim.name for claim in scan(ROOT) if claim.role == role}
    duties = [row for row in rows("requirement").values() if role in row.duties]
    naked = [row.name for row in duties if role not in row.left_out and row.name not in claimed]
    assert naked == [], "mark a test with requirement(), or say in rows.toml why it is left out"
    stale = [row.name for row in duties if role in row.left_out and row.name in claimed]
    assert stale == [], "a test shows it: take left_out away"


def test_the_rows_are_all_there_and_say_something() -> None:
    assert [len(rows(mark)) for mark in ("requirement", "fault", "threat")] == [95, 42, 44]
    assert list(rows("fault")) == [f"F{at:02}" for at in range(1, 43)]
    assert list(rows("threat")) == [f"T{at:02}" for at in range(1, 45)]
    for row in rows("requirement").values():
        assert row.level in LEVELS | OURS
        assert row.duties
        assert all(duty.endswith(".") and "|" not in duty for duty in row.duties.values())
        assert row.left_out.keys() <= row.duties.keys()


def test_a_marker_claims_its_rows_in_a_role() -> None:
    found = claims("requirement", ("FMT-1a", "HTTP-7b"), {"role": CLIENT})
    assert found == [Claim("requirement", name, CLIENT) for name in ("FMT-1a", "HTTP-7b")]
    assert claims("fault", ("F01",), {}) == [Claim("fault", "F01")]


@pytest.mark.parametrize(
    ("mark", "ids", "said"),
    [
        ("requirement", ("FMT-9z",), {}),
        ("requirement", ("F01",), {}),
        ("requirement", (), {}),
        ("requirement", (7,), {}),
        ("requirement", ("HTTP-7d",), {}),  # a client's duty only
        ("requirement", ("RED-2a",), {"role": CLIENT}),  # a server's
        ("requirement", ("FMT-1a",), {"as_a": CLIENT}),
        ("fault", ("F43",), {}),
        ("fault", ("F01",), {"role": SERVER}),
        ("threat", ("F01",), {}),
    ],
)
def test_what_is_no_row_is_refused(
    mark: str, ids: tuple[object, ...], said: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=mark):
        claims(mark, ids, said)
