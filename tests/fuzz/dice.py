"""Decisions taken from bytes: how a fuzzer leads what is built, not parsed."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Numbers from the front of `data`; zeros when it has run out."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._data)

    def number(self, size: int = 1) -> int:
        """An unsigned number of so many bytes."""
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "big")

    def below(self, limit: int) -> int:
        """0 to `limit` - 1."""
        return self.number(1 if limit <= 256 else 4) % limit

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def yes(self) -> bool:
        return bool(self.number() & 1)

    def text(self, limit: int) -> str:
        """Up to `limit` characters, of any kind."""
        size = self.below(limit + 1)
        part = self._data[self._at : self._at + size]
        self._at += size
        return part.decode("utf-8", errors="replace")
