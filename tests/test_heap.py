"""What the C library is told."""

import platform

from relay.heap import keep_what_is_freed


def test_glibc_takes_it() -> None:
    assert keep_what_is_freed() == (platform.libc_ver()[0] == "glibc")
