"""A process in which the kernel answers one kind of fsync with EIO, as a dying disk does.

Puts one copy, breaks `fsync` (folders) or `fdatasync` (files) by a seccomp filter, puts two more,
and prints what came of each. Ends with 77 where such a filter cannot be set. So many bytes may be
kept in memory.
"""

import asyncio
import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

from relay.store.disk import DiskStore
from tests.store.disk_files import TRACK, copy

CALLS = {
    "x86_64": {"fsync": 74, "fdatasync": 75, "seccomp": 317},
    "aarch64": {"fsync": 82, "fdatasync": 83, "seccomp": 277},
}
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
EIO, CANNOT = 5, 77


def fail(name: str) -> None:
    """From now on the system call `name` fails with EIO in all threads of this process."""
    calls = CALLS.get(platform.machine())
    if calls is None:
        sys.exit(CANNOT)
    steps = [
        (0x20, 0, 0, 0),  # load the number of the call
        (0x15, 0, 1, calls[name]),  # if it is not this one, skip a step
        (0x06, 0, 0, 0x00050000 | EIO),
        (0x06, 0, 0, 0x7FFF0000),  # allow
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    allowed = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    flags = SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
    if not allowed or libc.syscall(calls["seccomp"], *flags, program) != 0:
        sys.exit(CANNOT)


async def main(root: Path, call: str, memory: int) -> None:
    store = await DiskStore.open(root, "news", memory=memory)
    for index in range(3):
        data = bytes([48 + index])
        try:
            outcome = str(await store.put(copy(index, data), [data]))
        except OSError as error:
            outcome = os.strerror(error.errno or 0)
        print(outcome, await store.get(TRACK, 0, index) == data, bool(store.degraded))  # noqa: T201
        if index == 0:
            fail(call)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
