"""Cells that Chromium has decoders for, played to see and hear by five players in it.

What was served is played as a recording (`snapshot`), so that a cell takes the time of its playing
and no more; live play is tested elsewhere. A few cells always, all with `make matrix`.
"""

import asyncio
from typing import cast

import pytest

from tests.e2e import players
from tests.e2e.playing import Kind, Report
from tests.matrix.cells import Cell
from tests.matrix.conftest import CELLS, FULL, Matrix

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PLAYABLE = [cell for cell in CELLS if cell.chromium]
CHOSEN = PLAYABLE if FULL else [c for c in PLAYABLE if "none" not in (c.video, c.audio, c.text)][:2]
LINES = [0.5, 1.5, 1.7, 2.9]
"""Begin and end of both `CUES`, in seconds from the first picture."""
Spans = list[tuple[float, float]]
DOCUMENTS: dict[Kind, str] = {
    "hls": "master.m3u8",
    "dash": "m.mpd",
    "mss": "Manifest",
    "shaka": "m.mpd",
    "native": "master.m3u8",
}


SUBTITLES = """() => {
  for (const track of video.textTracks) track.mode = "showing";
  return [...video.textTracks].map(
    (track) => [...(track.cues || [])].map((cue) => [cue.startTime, cue.endTime]));
}"""


async def _play(browser: players.Players, kind: Kind, url: str) -> tuple[Report, Spans]:
    """What a player brought to light, and when its lines of text are shown."""
    playing = await browser.open(kind, url)
    await playing.page.evaluate(SUBTITLES)
    await asyncio.sleep(2)
    lines = await playing.page.evaluate(SUBTITLES)
    report = await playing.report()
    await playing.page.close()
    return report, sorted((begin, end) for track in lines for begin, end in track)


async def _all(cell: Cell, root: str) -> dict[str, tuple[Report, Spans]]:
    documents = {kind: name for kind, name in DOCUMENTS.items() if kind != "mss" or cell.smooth}
    async with players.browser() as browser:
        played = await asyncio.gather(
            *(_play(browser, kind, f"{root}/{name}") for kind, name in documents.items())
        )
    return dict(zip(documents, played, strict=True))


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
        reports = asyncio.run(_all(cell, root))
    for kind, (report, lines) in reports.items():
        assert report.errors == (), kind
        assert report.advance > 1, kind
        assert (report.frames > 0) == (cell.video != "none"), kind
        assert (report.audio > 0) == (cell.audio != "none"), kind
        assert [len(ranges) for ranges in report.buffered.values()] == [1] * len(report.buffered)
        document = (folder / DOCUMENTS[cast(Kind, kind)]).read_text()
        offered = "stpp" in document or "TTML" in document
        if offered and cell.video != "none" and kind != "native":
            found = _joined(lines)
            # dash.js lets what is over of Smooth begin at zero, and text later by what sound leads.
            shift = found[0] - LINES[0] if kind == "mss" else 0
            assert abs(shift) < 0.2, kind
            assert [at - shift for at in found] == pytest.approx(LINES, abs=0.005), kind


def _joined(lines: Spans) -> list[float]:
    """Begin and end of each line; one that goes on over a border of fragments is one."""
    edges: list[float] = []
    for begin, end in lines:
        if edges and abs(edges[-1] - begin) < 0.001:
            edges[-1] = end
        else:
            edges += [begin, end]
    return edges
