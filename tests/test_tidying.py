"""What a relay does for its process now and then."""

import asyncio
import platform
from collections.abc import Callable

import pytest

from relay.tidying import tidy
from tests.resident import crowded, resident
from tests.server.wire import eventually


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
async def test_what_a_crowd_has_left_goes_back_again_and_again() -> None:
    task = asyncio.create_task(tidy(every=0.01))
    try:
        for _ in range(2):
            kept = crowded()
            assert await eventually(_fallen(resident() - (32 << 20)))
            assert kept
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _fallen(level: int) -> Callable[[], bool]:
    return lambda: resident() < level
