"""The conformance table, who runs what, the settings of the property tests, a disk to be filled.

Property tests have no deadlines, and in CI the same examples on every run. At home they look for
new examples each time; a landing is not the moment to find one.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.conformance.plugin"]

settings.register_profile("home", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Of what drives real processes, players go to one worker and the rest to another.

    Each of the two would be in its own way; what only computes runs beside them.
    """
    playing = {item.path for item in items if "chromium" in getattr(item, "fixturenames", ())}
    for item in items:
        real = item.get_closest_marker("e2e") or item.get_closest_marker("fault")
        if item.path in playing:
            item.add_marker(pytest.mark.xdist_group("players"))
        elif real is not None and item.path.parent.name in ("e2e", "faults"):
            item.add_marker(pytest.mark.xdist_group("relays"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs a tmpfs of its own: there is no mount command here")
    except subprocess.CalledProcessError as refused:
        pytest.skip(f"needs a tmpfs of its own: {refused.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)
