"""hls-parser in strict mode, in node: a reader of playlists that refuses what RFC 8216 forbids."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Strict = Callable[[Sequence[str]], list[dict[str, Any]]]

SCRIPT = Path(__file__).parent.parent / "e2e" / "hls_strict.mjs"
NODE = shutil.which("node")
MISSING = NODE is None or not (SCRIPT.parent / "node_modules" / "hls-parser").exists()


def read_all(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The meaning of each playlist, or {"error": ...}."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, SCRIPT], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    read: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(read) == len(texts)
    return read
