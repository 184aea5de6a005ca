"""The state document says idle, then started."""

from fractions import Fraction

from lxml import etree

from packagers import state
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
    assert told == {"name": "news", "state": "started", "updated": "2026-01-01T00:00:00Z"}
