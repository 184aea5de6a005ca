"""An encoder that sends what a test tells it, when the test says so: no clock decides anything.

Its fragments are those of `relay push` with the same clip, so an `Oracle` knows them all. What it
sends may lie in the past: a story of many seconds is then told in one.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from relay.encoder.cutting import make as cut
from relay.encoder.stamp import Stamper
from relay.mp4.recording import read
from tests.e2e.replay import Post


class Scripted:
    """`async with Scripted(clip, D, port, "/news.isml/Streams(main)?source=a") as encoder`."""

    def __init__(self, clip: Path, D: Fraction, port: int, path: str) -> None:  # noqa: N803
        self._stamper = Stamper.of(cut(read(clip.read_bytes()), D))
        self._port = port
        self._path = path
        self._post: Post | None = None
        self._sent: list[int] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._post is not None:
            await self._post.close()

    async def send(self, indexes: Iterable[int]) -> None:
        """Fragments of all tracks. A new connection gets the header and the last two again."""
        if self._post is None:
            self._post = await Post.open(self._port, self._path)
            await self._post.send(self._stamper.header(self._stamper.tracks))
            for index in self._sent[-2:]:
                await self._post.send(self._fragments(index))
        for index in indexes:
            await self._post.send(self._fragments(index))
            self._sent.append(index)

    async def die(self, index: int) -> None:
        """Break off in the middle of the first track's fragment of an index."""
        assert self._post is not None
        data = self._fragments(index)
        await self._post.send(data[: len(data) // 4])
        await self._post.cut()
        self._post = None

    async def lose(self) -> None:
        """The other side is gone."""
        assert self._post is not None
        await self._post.close()
        self._post = None

    def _fragments(self, index: int) -> bytes:
        return b"".join(self._stamper.fragment(sent, index) for sent in self._stamper.tracks)
