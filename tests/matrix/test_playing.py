"""Cells that Chromium has decoders for, played to see and hear by four players in it.

What was served is played as a recording (`snapshot`), so that a cell takes the time of its playing
and no more; live play is tested elsewhere. A few cells always, all with `make matrix`.
"""

import asyncio

import pytest

from tests.e2e import players
from tests.e2e.playing import Kind, Report
from tests.matrix.cells import Cell
from tests.matrix.conftest import CELLS, FULL, Matrix

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PLAYABLE = [cell for cell in CELLS if cell.chromium]
CHOSEN = PLAYABLE if FULL else [c for c in PLAYABLE if "none" not in (c.video, c.audio)][:2]
DOCUMENTS: dict[Kind, str] = {
    "hls": "master.m3u8",
    "dash": "m.mpd",
    "shaka": "m.mpd",
    "native": "master.m3u8",
}


async def _play(root: str) -> dict[str, Report]:
    async with players.browser() as browser:
        played = await asyncio.gather(
            *(browser.play(kind, f"{root}/{name}", 2) for kind, name in DOCUMENTS.items())
        )
    return dict(zip(DOCUMENTS, played, strict=True))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """The chosen cells alone: other files of tests run in other processes."""
    if reason := players.missing():
        pytest.skip(reason)
    return Matrix(tmp_path_factory.mktemp("played"), CHOSEN)


@pytest.mark.parametrize("cell", CHOSEN, ids=lambda cell: cell.name)
def test_players_show_and_sound(cell: Cell, played: Matrix) -> None:
    folder = played.outcome(cell).snapshot.folder
    with players.static(folder) as root:
        reports = asyncio.run(_play(root))
    for kind, report in reports.items():
        assert report.errors == (), kind
        assert report.advance > 1, kind
        assert (report.frames > 0) == (cell.video != "none"), kind
        assert (report.audio > 0) == (cell.audio != "none"), kind
        assert [len(ranges) for ranges in report.buffered.values()] == [1] * len(report.buffered)
