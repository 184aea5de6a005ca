"""What the disk refused, in memory until the disk works again: a full disk stops no live channel.

A disk that is full, broken or read-only is the disk's trouble, not the encoder's: what it refuses
is kept here, and readers see it as any member. While something is kept, "put" means safe against
nothing but the end of the process; the store says so (`degraded`), and a retry writes what is kept
to the disk in the order of the puts. What comes meanwhile goes behind it, in memory too, so that a
kill leaves a disk that holds what was put up to some moment, never a copy without its pin.

It is bounded in bytes. When it is full, a put is refused as if it were not there, and the encoder
comes again.

A full disk is refused now and works again with the next trim, for hours; so the trouble is over
only when nothing has been refused for a while.
"""

import errno
from collections.abc import Sequence
from pathlib import Path

from relay.media import Buffer
from relay.store.filed import Filed

TROUBLE = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT),  # full
        *(errno.EIO, errno.EROFS, errno.ENODEV, errno.ENXIO, errno.ESTALE),  # broken or gone
        *(errno.EMFILE, errno.ENFILE),  # no descriptor to write with
    }
)
"""Errors of the disk as a whole. Others are of one file: they would be there at each retry."""

LIMIT = 256 << 20
OVERHEAD = 1_024
"""Bytes that a member costs beside its media."""


class Spill:
    """Members that wait for the disk at `path`, with their bytes, in the order of their puts."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """`limit`: bytes that may be kept."""
        self._path = path
        self._limit = limit
        self._kept: dict[int, tuple[Filed, bytes]] = {}
        self._used = 0
        self._error = OSError(errno.ENOSPC, "No space left on device")
        self._since = 0.0
        self._trouble = False

    def __len__(self) -> int:
        """How many members wait."""
        return len(self._kept)

    @property
    def why(self) -> str:
        """What is wrong, what it means and what to do; "" while all is well."""
        if not self._trouble:
            return ""
        return (
            f"the disk of {self._path} refuses to write ({self._error.strerror}): new fragments are"
            f" kept in memory, at most {self._limit >> 20} MiB, and are lost if the relay ends now."
            " Make room there or mend it; what is in memory is then written by itself"
        )

    def refused(self, error: OSError, now: float) -> None:
        """The disk refused something at `now` (seconds)."""
        self._error, self._since, self._trouble = error, now, True

    def settled(self, now: float, steady: float) -> bool:
        """Nothing waits, and nothing was refused for `steady` seconds: the trouble is over."""
        if not self._kept and now - self._since >= steady:
            self._trouble = False
        return not self._trouble

    def keep(self, filed: Filed, data: Sequence[Buffer]) -> None:
        """One more member. Raises OSError, the disk's own, when there is no room for it."""
        cost = sum(len(part) for part in data) + OVERHEAD
        if self._used + cost > self._limit:
            said = f"{self._error.strerror}, and the memory kept for that is full"
            raise OSError(self._error.errno, said)
        self._kept[filed.seq] = filed, b"".join(data)
        self._used += cost
        self._trouble = True

    def data(self, filed: Filed) -> bytes | None:
        """The bytes of a member that waits; None when it does not."""
        kept = self._kept.get(filed.seq)
        return kept[1] if kept is not None else None

    def oldest(self) -> tuple[Filed, bytes] | None:
        """What is to be written next."""
        return next(iter(self._kept.values()), None)

    def forget(self, filed: Filed) -> bool:
        """It is on the disk, or no longer wanted. False: it did not wait."""
        kept = self._kept.pop(filed.seq, None)
        if kept is None:
            return False
        self._used -= len(kept[1]) + OVERHEAD
        return True

    def clear(self) -> None:
        """Forget everything that waits."""
        self._kept.clear()
        self._used = 0
