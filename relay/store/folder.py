"""The files of one channel: blocking calls only, made in threads by `relay.store.disk`.

    <root>/<channel>/<track>/<file>     copies and gaps
    <root>/<channel>/pins/<file>        pins

A file has a member's name (`relay.store.filename`) only once it is whole. The bytes go to a
temporary name beside it, are made safe (fdatasync), and are renamed; then the folder is made safe.
A crash at any point leaves either nothing but a temporary file, which the next opening removes, or
the whole member. `fsync` is asked once for a file: after it fails, its pages are lost, and asking
again would answer yes.

A name can lie only when the machine lost power without `durable`, or when someone touched the
files. What was cut short is dropped by the scan (`relay.store.scan`): it was never complete. Bits
that were flipped are seen by the crc32, of pins at the scan and of copies when they are first read;
such a file is set aside under `.damaged` and its key stays taken, because its bytes may have been
published.

If a folder could not be made safe and the rename could not be undone either, a member is left that
nobody was promised. It shows after a restart, unless its key was put again.
"""

import fcntl
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import structlog
from isal.isal_zlib import crc32

from relay.errors import StoreBusy
from relay.media import Buffer, Member, Pin
from relay.store import clearing, filename
from relay.store.filed import Filed, folder_of
from relay.store.scan import scan, set_aside, unlink

log = structlog.get_logger()

_VECTOR = 1000
"""Buffers per writev; Linux takes 1024 (IOV_MAX)."""


@dataclass(slots=True)
class Draft:
    """A member whose bytes are safe under a temporary name; `error` is None once published."""

    filed: Filed
    temporary: Path
    data: Sequence[Buffer] = ()
    error: OSError | None = field(default_factory=lambda: OSError("not published"))


class ChannelFolder:
    """The folder of a channel, held by this process alone."""

    def __init__(self, root: Path, channel: str, *, durable: bool) -> None:
        """Make the folder if need be, and lock it: StoreBusy when another holds it, or OSError."""
        self.path = root / filename.folder_name(channel)
        self._durable = durable
        self._numbers = count()
        self._made: set[Path] = set()
        self._make(self.path)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise StoreBusy(
                f"The store of channel {channel} is in use by another process: {self.path}",
                hint="Stop the other relay, or give this one another path in [store].",
            ) from None
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def marked(self) -> bool:
        """Everything is to go: a clearing has begun and has not ended."""
        return clearing.marked(self.path)

    def mark(self) -> None:
        """Begin to clear: from now on nothing counts. OSError: nothing has changed."""
        clearing.mark(self.path, self._sync)

    def sweep(self) -> None:
        """Delete everything. OSError: not yet all; the mark stays."""
        clearing.sweep(self.path, self._sync)

    def scan(self) -> list[Filed]:
        """All members in the order of their puts. Removes what a crash left behind."""
        if self.marked:
            log.warning("store_clearing_goes_on", code="STORE_CLEARING", folder=str(self.path))
            self.sweep()
        return scan(self.path)

    def write(self, member: Member, data: Sequence[Buffer]) -> Draft:
        """Make the bytes of a member safe. OSError: nothing is left behind that counts."""
        buffers = [filename.pin_body(member)] if isinstance(member, Pin) else data
        crc = 0
        for buffer in buffers:
            crc = crc32(buffer, crc)
        folder = self.path / folder_of(member)
        temporary = folder / f"{filename.TEMPORARY}{next(self._numbers)}"
        try:
            if folder not in self._made or not folder.is_dir():
                self._make(folder)
            self._fill(temporary, buffers)
        except OSError:
            unlink(temporary)
            raise
        return Draft(Filed(member, 0, crc), temporary, data)

    def publish(self, drafts: Iterable[Draft]) -> None:
        """Give drafts with a `seq` their names; no error is left on those that are safe."""
        placed: dict[Path, list[Draft]] = {}
        for draft in drafts:
            path = self.file(draft.filed)
            try:
                draft.temporary.rename(path)
            except OSError as error:
                draft.error = error
                unlink(draft.temporary)
            else:
                placed.setdefault(path.parent, []).append(draft)
        for folder, together in placed.items():
            try:
                self._sync(folder)
            except OSError as error:
                for draft in together:
                    draft.error = error
                    unlink(self.file(draft.filed))
            else:
                for draft in together:
                    draft.error = None

    def rewrite(self, filed: Filed, data: bytes) -> int:
        """Write a member under the `seq` that it has; its crc32. Raises OSError."""
        draft = self.write(filed.member, [data])
        draft.filed.seq = filed.seq
        self.publish([draft])
        if draft.error is not None:
            raise draft.error
        return draft.filed.crc

    def read(self, filed: Filed) -> bytes | None:
        """The bytes of a copy, or None when they are not what was written. Raises OSError."""
        data = self.file(filed).read_bytes()
        if len(data) != filed.size or not (filed.checked or crc32(data) == filed.crc):
            return None
        filed.checked = True
        return data

    def remove(self, filed: Iterable[Filed]) -> list[Filed]:
        """Delete files; those that stay. A scan would find them again."""
        return [one for one in filed if not unlink(self.file(one))]

    def set_aside(self, path: Path) -> None:
        """Rename a damaged file, so that it is never read again and an operator can look at it."""
        set_aside(path)

    def file(self, filed: Filed) -> Path:
        """Where a member's file is."""
        return filed.path(self.path)

    def _fill(self, path: Path, buffers: Sequence[Buffer]) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _write(fd, buffers)
            if self._durable:
                os.fdatasync(fd)
        finally:
            os.close(fd)

    def _make(self, folder: Path) -> None:
        """Make a folder and its parents, each safe in its own parent.

        That it exists is not enough: whoever made it may have died before it was safe.
        """
        if not folder.parent.is_dir():
            self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        self._sync(folder.parent)
        self._made.add(folder)

    def _sync(self, folder: Path) -> None:
        if not self._durable:
            return
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _write(fd: int, buffers: Sequence[Buffer]) -> None:
    """All buffers, without joining them; a write may take only a part."""
    left = [memoryview(buffer) for buffer in buffers if len(buffer)]
    while left:
        taken = os.writev(fd, left[:_VECTOR])
        done = 0
        while done < len(left) and taken >= len(left[done]):
            taken -= len(left[done])
            done += 1
        del left[:done]
        if taken:
            left[0] = left[0][taken:]
