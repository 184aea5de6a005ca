"""Claims read from sources."""

from pathlib import Path

import pytest

from tests.conformance.rows import CLIENT, Claim
from tests.conformance.scan import scan

SOURCE = """
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.requirement("RED-1a")]
SPARSE = pytest.mark.requirement("SPARSE-4a")


@pytest.mark.requirement("FMT-1a", "FMT-1b")
@pytest.mark.parametrize("x", [1, 2])
async def test_one(x): ...


@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.fault("F01")), 2])
def test_two(x): ...


@SPARSE
@pytest.mark.threat("T01")
class TestThree:
    @pytest.mark.requirement("FMT-1a", role="client")
    def test_four(self): ...


@pytest.mark.requirement("FMT-2a")
def helper(): ...
"""


def test_claims_stand_in_decorators_parameters_classes_and_modules(tmp_path: Path) -> None:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_it.py").write_text(SOURCE)
    (tmp_path / "tests" / "helping.py").write_text(SOURCE)
    (tmp_path / "tests" / "test_none.py").write_text("def test_five(): ...")
    name = "tests/deep/test_it.py"
    one, two, four = f"{name}::test_one", f"{name}::test_two", f"{name}::TestThree::test_four"
    assert scan(tmp_path) == {
        Claim("requirement", "RED-1a"): [one, two, four],
        Claim("requirement", "FMT-1a"): [one],
        Claim("requirement", "FMT-1b"): [one],
        Claim("fault", "F01"): [two],
        Claim("requirement", "SPARSE-4a"): [four],
        Claim("threat", "T01"): [four],
        Claim("requirement", "FMT-1a", CLIENT): [four],
    }


@pytest.mark.parametrize("wrong", ['"FMT-9z"', "NAME", "", '"FMT-1a", part="client"'])
def test_a_claim_that_cannot_be_read_is_told_with_its_place(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "tests").mkdir()
    text = f"import pytest\n\n\n@pytest.mark.requirement({wrong})\ndef test_one(): ...\n"
    (tmp_path / "tests" / "test_it.py").write_text(text)
    with pytest.raises(ValueError, match=r"^tests/test_it\.py:4: "):
        scan(tmp_path)
