"""The emptying of a channel's folder, such that no crash leaves half a store.

    mark    an empty file in the channel's folder says that all goes. From then on the store is
            cleared, whatever happens: until it is safe nothing has been touched
    sweep   members, pins and what was being written are deleted, each folder is made safe, and the
            mark goes last

A process killed in between leaves the mark, and the next opening sweeps on before it scans. What is
not the store's own (an operator's notes, say) stays, and so do the folders that hold it.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from relay.store import filename

MARK = ".clearing"


def marked(channel: Path) -> bool:
    """A clearing was begun and has not ended."""
    return (channel / MARK).exists()


def mark(channel: Path, sync: Callable[[Path], None]) -> None:
    """Decide it. `sync` makes a folder safe. OSError: nothing has changed, if it can be undone."""
    path = channel / MARK
    was = path.exists()
    try:
        path.touch()
        sync(channel)
    except OSError:
        if not was:  # else it has been swept in part, and must go on
            with suppress(OSError):
                path.unlink()
        raise


def sweep(channel: Path, sync: Callable[[Path], None]) -> None:
    """Delete everything, then the mark. OSError: to be called again, now or at the next opening."""
    with os.scandir(channel) as entries:
        folders = [Path(entry.path) for entry in entries if _is_ours(entry)]
    for folder in folders:
        while files := _members(folder):  # again: one may have been set aside meanwhile
            for file in files:
                file.unlink(missing_ok=True)
        sync(folder)
        with suppress(OSError):
            folder.rmdir()
    sync(channel)
    (channel / MARK).unlink(missing_ok=True)
    sync(channel)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """The folder of a track, or that of the pins."""
    track = filename.unescape(entry.name)
    named = entry.name == filename.PINS or filename.folder_name(track) == entry.name
    return named and entry.is_dir(follow_symlinks=False)


def _members(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if _is_member(folder.name, entry.name)]


def _is_member(folder: str, name: str) -> bool:
    if name.startswith(filename.TEMPORARY):
        return True
    plain = name.removesuffix(filename.DAMAGED)
    if folder == filename.PINS:
        return filename.read_pin_name(plain) is not None
    return filename.read_member_name(folder, plain) is not None
