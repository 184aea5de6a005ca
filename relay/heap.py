"""The heap keeps what was freed: fragments come and go, and are about as large every time.

glibc gives the memory of a freed buffer of 128 KiB or more back to the kernel at once, and asks for
it again with the next read or fragment. Each page of it is then cleared and mapped anew: a quarter
of the CPU of a relay that does nothing but receive. So the thresholds are raised, once, before
anything is allocated. What is kept is bounded by `KEPT`, at the heap's end; between what is in use
a crowd may leave free pages far beyond it, which go back to the kernel now and then.
Other C libraries do without.
"""

import ctypes

KEPT = 16 << 20
_MAPPED = 32 << 20  # the greatest that glibc takes
_STEP = 1 << 20
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def keep_what_is_freed() -> bool:
    """Whether the C library could be told."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = {_M_MMAP_THRESHOLD: _MAPPED, _M_TRIM_THRESHOLD: KEPT, _M_TOP_PAD: _STEP}
    taken = [mallopt(which, value) == 1 for which, value in wanted.items()]
    return all(taken)


def give_back() -> None:
    """Give the kernel what a crowd has left. Who allocates meanwhile waits: 20 ms for 200 MB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(KEPT)
