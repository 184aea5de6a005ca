import io
from collections.abc import Callable

import pytest
from rich.console import Console

from relay.encoder.display import Display
from relay.encoder.plan import Plan
from relay.encoder.progress import State
from relay.encoder.stamp import Stamper
from relay.uplink.steps import Answer

Show = Callable[[bool], tuple[Plan, Display, io.StringIO]]


@pytest.fixture
def show(stamper: Stamper) -> Show:
    def shown(terminal: bool) -> tuple[Plan, Display, io.StringIO]:
        plan = Plan("main", stamper, stamper.tracks, 1_790_000_000_000)
        out = io.StringIO()
        console = Console(file=out, force_terminal=terminal, width=120)
        return plan, Display([plan], console), out

    return shown


def test_elsewhere_there_is_one_line_for_each_change(show: Show) -> None:
    plan, display, out = show(False)
    with display:
        for _ in range(5):
            display.refresh()
        plan.probed(Answer(404, "INGEST_POINT_UNKNOWN [red]"), 0)
        for _ in range(5):
            display.refresh()
        plan.progress.state = State.LIVE
        plan.progress.fragments, plan.progress.posts = 7, 3
    told = out.getvalue().splitlines()
    hints = [line for line in told if line.startswith("  hint: ")]
    assert len(hints) == 1, "what can be done is told once"
    assert told.index(hints[0]) == 2
    lines = [line.split(maxsplit=1)[1] for line in told if line not in hints]
    assert lines == [
        "main             probing   0 fragments",
        "main             waiting   0 fragments  404 INGEST_POINT_UNKNOWN [red]",
        "main             live      7 fragments, 2 reconnects  404 INGEST_POINT_UNKNOWN [red]",
    ]


def test_on_a_terminal_one_line_lives(show: Show) -> None:
    plan, display, out = show(True)
    with display:
        display.refresh()
        plan.progress.state = State.LIVE
        plan.progress.fragments = 12
        display.refresh()
    said = out.getvalue()
    assert "12 fragments" in said
    assert "kbit/s" in said
    assert "\x1b[" in said
