"""Memory of this process, and how a crowd leaves it."""

from pathlib import Path
from resource import getpagesize


def resident() -> int:
    """Bytes that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()


def crowded() -> list[bytes]:
    """What is left of 60 MB in many pieces: every tenth, with all that was between freed."""
    return [b"x" * 100_000 for _ in range(600)][::10]
