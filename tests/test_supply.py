"""What is installed is what was reviewed: floors below which a library has known holes."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "aiohttp": "3.14.4",
    "h11": "0.16.0",
    "h2": "4.4.1",
    "hypercorn": "0.18.0",
    "lxml": "6.1.0",
    "m3u8": "6.0.0",
    "starlette": "1.3.1",
}


def parts(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


@pytest.mark.threat("T44")
@pytest.mark.parametrize("name", FLOORS)
def test_no_library_is_older_than_its_last_known_hole(name: str) -> None:
    assert parts(version(name)) >= parts(FLOORS[name])


@pytest.mark.threat("T44")
def test_the_project_itself_asks_for_no_less() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    said = {re.split(r"[>=<]", line)[0]: line for line in asked}
    for name, floor in FLOORS.items():
        assert parts(said[name].partition("=")[2]) >= parts(floor), said[name]


@pytest.mark.threat("T44")
def test_every_locked_file_has_its_hash() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    files = [
        file
        for package in lock["package"]
        for file in (*package.get("wheels", ()), package.get("sdist"))
        if file
    ]
    assert len(files) > 100
    assert all(file["hash"].startswith("sha256:") for file in files)


@pytest.mark.threat("T44")
def test_what_parses_forms_is_not_installed() -> None:
    with pytest.raises(PackageNotFoundError):
        version("python-multipart")
