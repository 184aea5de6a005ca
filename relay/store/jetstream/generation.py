"""How often a channel was emptied, as this relay knows it: one small file beside its own store.

Relays that were down while another one emptied the channel learn by it that what they have is of
before. It is written after the emptying: a crash in between empties once more.
"""

import os
from pathlib import Path

NAME = ".generation"


class Generation:
    """The count. `folder` None: it lives in memory, like the store that it belongs to."""

    def __init__(self, folder: Path | None) -> None:
        """Raises OSError."""
        self._file = None if folder is None else folder / NAME
        self.count = 0
        if self._file is not None and self._file.exists():
            said = self._file.read_text("ascii", errors="replace").strip()
            self.count = int(said) if said.isdecimal() else 0

    def become(self, count: int) -> None:
        """It is this one now. Raises OSError."""
        if self._file is not None:
            temporary = self._file.with_name(f"{NAME}.new")
            with temporary.open("w", encoding="ascii") as written:
                written.write(f"{count}\n")
                written.flush()
                os.fsync(written.fileno())
            temporary.replace(self._file)
        self.count = count
