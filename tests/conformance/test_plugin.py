"""A run of pytest that loads the plugin, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CONFTEST = 'pytest_plugins = ["tests.conformance.plugin"]\n'
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
GOOD = """
import pytest

@pytest.mark.requirement("FMT-1a")
@pytest.mark.parametrize("x", [1, 2])
def test_one(x): ...

@pytest.mark.requirement("FMT-1b")
@pytest.mark.fault("F01")
def test_two(): assert False

@pytest.mark.requirement("FMT-2a")
def test_three(): ...

@pytest.mark.requirement("FMT-3a")
def test_four(): pytest.skip("not here")
"""


def run(folder: Path, source: str, *options: str) -> tuple[int, str]:
    (folder / "tests").mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (folder / "tests" / "test_it.py").write_text(source)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **ALONE},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.returncode, ran.stdout + ran.stderr


def state(folder: Path, row: str) -> str:
    (line,) = (
        line
        for line in (folder / "build" / "conformance.md").read_text().splitlines()
        if line.startswith(f"| {row} |") and "tests/test_it.py" in line
    )
    return line.split(" | ")[3]


def test_a_run_leaves_the_table_and_one_line(tmp_path: Path) -> None:
    code, said = run(tmp_path, GOOD, "-k", "not three")
    assert code == 1
    (line,) = (line for line in said.splitlines() if "conformance" in line)
    assert line == (
        "conformance: 1 of 90 SERVER rows shown (1 not run), 0 of 85 CLIENT rows shown,"
        " see build/conformance.md"
    )
    found = [state(tmp_path, row) for row in ("FMT-1a", "FMT-1b", "FMT-2a", "FMT-3a", "F01")]
    assert found == ["passed", "failed", "not run", "skipped", "failed"]
    faults = (tmp_path / "build" / "faults.md").read_text()
    assert "0 of 42 shown.\n\nNot shown: F01 (failed), F02 (not covered)," in faults
    threats = (tmp_path / "build" / "threats.md").read_text()
    assert threats.startswith("# Threats\n")
    assert "0 of 44 shown." in threats


@pytest.mark.parametrize("mark", ['requirement("FMT-9z")', 'fault("F99")', "threat()"])
def test_an_unknown_row_fails_the_collection(tmp_path: Path, mark: str) -> None:
    code, said = run(tmp_path, f"import pytest\n\n@pytest.mark.{mark}\ndef test_one(): ...\n")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "tests/test_it.py::test_one" in said
    assert not (tmp_path / "build").exists()


def test_looking_at_the_tests_writes_no_table(tmp_path: Path) -> None:
    code, said = run(tmp_path, GOOD, "--collect-only")
    assert code == 0
    assert "conformance" not in said
    assert not (tmp_path / "build").exists()
