"""A process that puts more copies than a small disk takes, and waits for its end.

It says `disk` or `memory` for each: where what was put is safe.
"""

import asyncio
import sys
from pathlib import Path

from relay.store.disk import DiskStore
from tests.store.disk_files import copy


async def main(root: Path) -> None:
    store = await DiskStore.open(root, "news")
    body = b"x" * 1_000_000
    for index in range(8):
        assert await store.put(copy(index, body), [body])
        print(index, "memory" if store.degraded else "disk", flush=True)  # noqa: T201
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
