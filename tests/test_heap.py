"""What the C library is told."""

import platform
from pathlib import Path

from relay.heap import give_back, keep_what_is_freed


def test_glibc_takes_it() -> None:
    assert keep_what_is_freed() == (platform.libc_ver()[0] == "glibc")


def test_what_was_freed_among_what_is_in_use_goes_back() -> None:
    blocks = [bytes(100_000) for _ in range(600)]
    kept = blocks[::10]
    del blocks
    before = _resident()
    give_back()
    assert len(kept) == 60
    assert _resident() <= before


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])
