"""What lies in a channel's folder: read from the names, so that a day's window opens in seconds.

A name is a member's only once its file is whole, so no file is opened but those of the pins, and
few are even asked for their length. A wrong one can be there only after a power cut without
`durable`: then the newest may be cut, as far back as the kernel had not written by itself, which
takes it half a minute. So those that arrived in the last `RECENT_MS` are looked at, and one that is
cut is dropped: it was never complete. What someone else has cut is seen when it is read.

Two files with one key are left when a folder could not be made safe, nor a rename undone: the later
one is the promised one, and the other is removed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

import structlog
from isal.isal_zlib import crc32

from relay.media import Copy
from relay.store import Key, filename
from relay.store.filed import Filed
from relay.store.shelf import key_of

log = structlog.get_logger()

RECENT_MS = 600_000


def scan(channel: Path) -> list[Filed]:
    """All members in the order of their puts. Removes what a crash left behind. Raises OSError."""
    found = [*_pins(channel / filename.PINS)]
    with os.scandir(channel) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and entry.name != filename.PINS]
    for name in names:
        track = filename.unescape(name)
        if filename.folder_name(track) == name:
            found += _members(channel / name, track)
    latest: dict[Key, Filed] = {}
    for filed in sorted(_uncut(channel, found), key=attrgetter("seq")):
        key = key_of(filed.member)
        if key in latest:
            unlink(latest.pop(key).path(channel))
        latest[key] = filed
    return list(latest.values())


def set_aside(path: Path) -> None:
    """Rename a damaged file, so that it is never read again and an operator can look at it."""
    with suppress(OSError):
        path.rename(path.with_name(path.name + filename.DAMAGED))


def unlink(path: Path) -> bool:
    """Whether it is gone."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        return True
    return False


def _members(folder: Path, track: str) -> Iterator[Filed]:
    for name in _files(folder):
        plain = name.removesuffix(filename.DAMAGED)
        if said := filename.read_member_name(track, plain):
            yield Filed(*said, damaged=plain != name)


def _uncut(channel: Path, found: list[Filed]) -> Iterator[Filed]:
    """Those that no power cut has cut short."""
    newest = max((f.member.arrival for f in found if isinstance(f.member, Copy)), default=0)
    for filed in found:
        member = filed.member
        if isinstance(member, Copy) and member.arrival >= newest - RECENT_MS and not filed.damaged:
            path = filed.path(channel)
            if (size := path.stat().st_size) != member.size:
                log.warning("store_file_cut", code="STORE_FILE_CUT", file=str(path), size=size)
                unlink(path)
                continue
        yield filed


def _pins(folder: Path) -> Iterator[Filed]:
    for name in _files(folder) if folder.is_dir() else ():
        if (said := filename.read_pin_name(name)) is None:
            continue
        seq, size, crc = said
        path = folder / name
        body = path.read_bytes()
        if len(body) != size or crc32(body) != crc:
            log.warning("store_pin_damaged", code="STORE_PIN_DAMAGED", file=str(path))
            set_aside(path)
            continue
        yield Filed(filename.read_pin_body(body), seq, crc, checked=True)


def _files(folder: Path) -> Iterator[str]:
    """The names of the files of a folder, without what was being written when a process ended."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(filename.TEMPORARY):
                unlink(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield entry.name
