"""The state document says idle, then started."""

from datetime import UTC, datetime
from fractions import Fraction

from lxml import etree

from packagers import state
from packagers.trouble import Trouble
from relay.media import Entry
from relay.presentation import Presentation, fold, register
from tests.pieces import GRID, VIDEO, copy


def said(presentation: Presentation) -> dict[str, str]:
    root = etree.fromstring(state.document(presentation))
    return {meta.get("name", ""): meta.get("content", "") for meta in root.iter("{*}meta")}


def test_a_point_is_idle_until_there_is_something_to_play() -> None:
    empty = register(Presentation("news", GRID, Fraction(120)), VIDEO, 800_000)
    assert said(empty)["state"] == "idle"
    told = said(fold(empty, Entry(copy(7, arrival=1_767_225_600_000))))
    edge = told.pop("edge")
    assert told == {
        "name": "news",
        "state": "started",
        "updated": "2026-01-01T00:00:00Z",
        "trouble": "",
    }
    assert edge.endswith("Z")
    assert datetime.fromisoformat(edge) == datetime.fromtimestamp(8 * float(GRID.D), UTC)


def test_the_words_for_what_is_wrong_stand_in_one_line() -> None:
    empty = register(Presentation("news", GRID, Fraction(120)), VIDEO, 800_000)
    root = etree.fromstring(state.document(empty, [Trouble.STALE, Trouble.GAP]))
    assert [m.get("content") for m in root.iter("{*}meta")][-2:] == ["", "stale gap"]
