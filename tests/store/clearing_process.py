"""A process that opens a store, says so, and clears it when told to: to be killed meanwhile."""

import asyncio
import sys
from pathlib import Path

from relay.store.disk import DiskStore


async def main(root: Path) -> None:
    store = await DiskStore.open(root, "news")
    print("open", flush=True)  # noqa: T201
    sys.stdin.readline()
    await store.clear()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
