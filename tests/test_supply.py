"""What is installed is what was reviewed: floors below which a library has known holes, hashes of
every file, and nothing that nobody needs."""

import ast
import re
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "aiohttp": "3.14.4",  # CVE-2026-69244 (3.14.3), -47265, -34518; older ones do not count bytes
    "h11": "0.16.0",  # CVE-2025-43859: malformed chunks
    "h2": "4.4.1",  # CVE-2026-71554, CVE-2025-57804; switched off all the same
    "hypercorn": "0.18.0",  # measured traps of this very version are worked round
    "lxml": "6.1.0",  # CVE-2026-41066: resolves entities
    "m3u8": "6.0.0",
    "starlette": "1.3.1",  # CVE-2026-54283, -48710, CVE-2025-62727, -54121, CVE-2024-47874
}
KEPT = {"h2": "comes with hypercorn, and is named for its floor"}
"""Dependencies that nothing imports, and why they are named."""
BROUGHT = {"pydantic": "pydantic-settings", "pydantic_core": "pydantic-settings", "yarl": "aiohttp"}
"""Libraries that are imported and come with another one, which is named."""
UNWANTED = ("python-multipart", "multipart", "httpx", "requests", "aioquic", "pyyaml", "uvicorn")
"""Parsers of what strangers send, and clients, that nothing here may begin to use unseen."""


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
def test_nothing_older_is_locked() -> None:
    locked = {package["name"]: package["version"] for package in lock()["package"]}
    for name, floor in FLOORS.items():
        assert parts(locked[name]) >= parts(floor), name


@pytest.mark.threat("T44")
def test_every_dependency_is_used_and_every_library_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    named = {re.split(r"[\[>=<;]", line)[0].strip() for line in asked}
    homes = packages_distributions()
    used = set()
    for module in imported():
        if module in homes:
            used.add(BROUGHT.get(module) or homes[module][0].lower().replace("_", "-"))
    assert named - used - KEPT.keys() == set(), "nothing imports them"
    assert used - named - {"isml-relay", "imageio-ffmpeg", "hatchling"} == set(), (
        "nobody names them"
    )


def imported() -> set[str]:
    """The top-level modules that the relay itself imports."""
    found = set()
    for room in ("relay", "packagers"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found


def lock() -> dict[str, Any]:
    return tomllib.loads((ROOT / "uv.lock").read_text())


@pytest.mark.threat("T44")
def test_every_locked_file_has_its_hash() -> None:
    files = [
        file
        for package in lock()["package"]
        for file in (*package.get("wheels", ()), package.get("sdist"))
        if file
    ]
    assert len(files) > 100
    assert all(file["hash"].startswith("sha256:") for file in files)
    assert all(file["url"].startswith("https://") for file in files)
    sources = [package["source"] for package in lock()["package"]]
    assert [source for source in sources if "registry" not in source] == [{"editable": "."}]


def carried(root: str = "isml-relay") -> set[str]:
    """What an installed relay brings with it: not the tools of whoever works on it."""
    packages = {package["name"]: package for package in lock()["package"]}
    found: set[str] = set()
    waiting = [root]
    while waiting:
        needs = packages[waiting.pop()].get("dependencies", [])
        waiting += [need["name"] for need in needs if need["name"] not in found]
        found |= {need["name"] for need in needs}
    return found


@pytest.mark.threat("T44")
def test_what_nobody_wants_comes_with_no_relay() -> None:
    assert {"h11", "hypercorn", "starlette"} <= carried()
    assert carried().isdisjoint(UNWANTED)


@pytest.mark.threat("T44")
@pytest.mark.parametrize("name", ["python-multipart", "multipart"])
def test_nothing_reads_forms_here(name: str) -> None:
    assert name not in {package["name"] for package in lock()["package"]}
    with pytest.raises(PackageNotFoundError):
        version(name)
