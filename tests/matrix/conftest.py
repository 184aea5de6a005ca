"""Cells encoded, pushed to one relay, and taken down again: once for all tests of the matrix."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.replay import Post
from tests.matrix import snapshot
from tests.matrix.cells import Cell, cells
from tests.matrix.encoding import Push, count, encode
from tests.matrix.snapshot import Snapshot

FULL = bool(os.environ.get("MATRIX_FULL"))
CELLS = cells(3, tries=1) if FULL else cells(2)
AT_ONCE = 30
"""Cells that one relay process has."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cell that went all the way."""

    push: Push
    snapshot: Snapshot

    @property
    def cell(self) -> Cell:
        return self.push.cell


class Matrix:
    """Makes a relay with `AT_ONCE` of its cells when the first of them is asked for."""

    def __init__(self, folder: Path, of: list[Cell]) -> None:
        self._folder = folder
        self._cells = of
        self._made: dict[str, Outcome] = {}
        self.ffmpeg = str(imageio_ffmpeg.get_ffmpeg_exe())

    def outcome(self, cell: Cell) -> Outcome:
        if cell.name not in self._made:
            at = self._cells.index(cell) // AT_ONCE * AT_ONCE
            self._made |= self._run(self._cells[at : at + AT_ONCE], self._folder / f"batch{at}")
        return self._made[cell.name]

    def _run(self, batch: list[Cell], folder: Path) -> dict[str, Outcome]:
        folder.mkdir()
        start = int(time.time()) - 60
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda c: encode(self.ffmpeg, c, folder, start), batch))
        channels = {push.cell.name: _settings(push.cell) for push in made}
        with RelayProcess(folder, channels) as relay:
            try:
                answers = asyncio.run(_push(relay.port, made))
                assert set(answers) == {200}, dict(zip(channels, answers, strict=True))
                for push in made:
                    _complete(relay.url, push)
                return {
                    push.cell.name: Outcome(
                        push,
                        snapshot.take(
                            relay.url,
                            push.cell.name,
                            folder / push.cell.name,
                            text=push.cell.text != "none",
                        ),
                    )
                    for push in made
                }
            finally:
                assert "Traceback" not in relay.text(), relay.text()[-20000:]


def _settings(cell: Cell) -> dict[str, object]:
    """Two fragments are too few to learn how long one is."""
    D = f"{cell.D.numerator}/{cell.D.denominator}"  # noqa: N806 - the design's name
    learnt = count(cell) > 2 and cell.video != "none"
    return {"patience": 0.5} | ({} if learnt else {"fragment_duration": D})


async def _push(port: int, made: list[Push]) -> list[int]:
    async def one(push: Push) -> int:
        post = await Post.open(port, f"/{push.cell.name}.isml/Streams(main)")
        await post.send(push.body)
        return await post.finish()

    return list(await asyncio.gather(*(one(push) for push in made)))


def _complete(root: str, push: Push, limit: float = 90) -> None:
    """Wait until each track has as many segments as fragments of it were pushed, or nearly."""
    deadline = time.monotonic() + limit
    base = f"{root}/{push.cell.name}.isml"
    while True:
        if served.get(f"{base}/master.m3u8").status == 200:
            texts = served.playlists(f"{base}/master.m3u8")
            names = [url for url in texts if url]
            subtitles = f"{base}/{snapshot.SUBTITLES}/index.m3u8"
            if push.cell.text != "none" and subtitles not in names:
                names.append(subtitles)
            got = [served.get(url).body.count(b".m4s") for url in names]
            if len(got) == len(push.tracks) and sum(got) >= push.segments:
                return
        assert time.monotonic() < deadline, f"{push.cell.name} is not complete: {names} {got}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of the ffmpeg that the imageio-ffmpeg wheel carries."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return Matrix(tmp_path_factory.mktemp("matrix"), CELLS)


@pytest.fixture(params=CELLS, ids=lambda cell: cell.name)
def outcome(request: pytest.FixtureRequest, matrix: Matrix) -> Outcome:
    return matrix.outcome(request.param)
