"""A process that puts copies until it is killed, and says which puts returned: `track index`."""

import asyncio
import hashlib
import sys
from pathlib import Path

from relay.media import Copy
from relay.store.disk import DiskStore

TRACKS = ("audio-1", "video-1", "video-2")


def body(track: str, index: int) -> bytes:
    return hashlib.sha256(f"{track}/{index}".encode()).digest() * (4000 + index % 3 * 4000)


async def write(store: DiskStore, track: str, first: int) -> None:
    index = first
    while True:
        data = body(track, index)
        half = memoryview(data)[: len(data) // 2], memoryview(data)[len(data) // 2 :]
        copy = Copy(track, 0, index, index * 20, 20, 2, "a", 1_700_000_000_000, len(data))
        if await store.put(copy, half):
            print(track, index, flush=True)  # noqa: T201
        index += 1


async def main(root: Path) -> None:
    store = await DiskStore.open(root, "news")
    past = [m for m in store.follow().past if isinstance(m, Copy)]
    async with asyncio.TaskGroup() as tasks:
        for track in TRACKS:
            first = max((m.index for m in past if m.track == track), default=-1) + 1
            tasks.create_task(write(store, track, first))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
