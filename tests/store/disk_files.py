"""Copies that tests put on a disk, and where they are then."""

import subprocess
import time
from pathlib import Path

from relay.media import Copy, Member
from relay.store.disk import DiskStore

TRACK = "video-3000000"


def copy(index: int, data: bytes, *, track: str = TRACK, source: str = "a") -> Copy:
    time = index * 20 - 1024
    return Copy(track, 0, index, time, 20, 2, source, 1_700_000_000_000 + index, len(data))


def files(root: Path, track: str = TRACK) -> list[Path]:
    return sorted((root / "news" / track).iterdir())


async def filled(root: Path, count: int) -> list[Member]:
    """A closed store with copies 0 to count - 1, of body b"0" * 1000 and so on."""
    store = await DiskStore.open(root, "news")
    for index in range(count):
        data = str(index).encode() * 1000
        assert await store.put(copy(index, data), [data])
    await store.close()
    return list(store.follow().past)


def remount(disk: Path, mode: str) -> None:
    """Again and again: read-only is refused while a file is being written."""
    for left in range(500, -1, -1):
        command = ["mount", "-o", f"remount,{mode}", str(disk)]
        if subprocess.run(command, check=not left, capture_output=True).returncode == 0:
            return
        time.sleep(0.01)
