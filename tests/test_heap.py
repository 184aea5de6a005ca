"""What the C library is told."""

import platform

import pytest

from relay.heap import give_back, keep_what_is_freed
from tests.resident import crowded, resident

GLIBC = platform.libc_ver()[0] == "glibc"


def test_glibc_takes_it() -> None:
    assert keep_what_is_freed() == GLIBC


@pytest.mark.skipif(not GLIBC, reason="only glibc has malloc_trim")
def test_what_was_freed_among_what_is_in_use_goes_back() -> None:
    kept = crowded()
    before = resident()
    give_back()
    assert resident() < before - (32 << 20)
    assert kept
