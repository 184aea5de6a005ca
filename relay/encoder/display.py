"""What the person in front of `relay push` sees: one line per stream.

On a terminal the lines are alive; elsewhere there is one plain line per change (state or answer),
so that a log holds what happened and nothing else. What can be done about an answer is told once.
"""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from relay.encoder.advice import advice
from relay.encoder.plan import Plan
from relay.encoder.progress import State

SPAN = 10.0
"""Seconds over which the rate is taken."""
_COLOURS = {
    State.LIVE: "green",
    State.FINISHING: "green",
    State.WAITING: "red",
    State.PROBING: "yellow",
    State.READY: "yellow",
}


class Display:
    """Shows plans; `refresh` is to be called a few times a second. A context."""

    def __init__(self, plans: Sequence[Plan], console: Console | None = None) -> None:
        self._plans = plans
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._rates = {plan.stream: _Rate() for plan in plans}
        self._said: dict[str, tuple[State, str]] = {}
        self._told: set[str] = set()

    def __enter__(self) -> "Display":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.refresh()
        self._live.stop()

    def refresh(self) -> None:
        """Show what is now."""
        for plan in self._plans:
            self._rates[plan.stream].note(plan.progress.size, time.monotonic())
        if self._console.is_terminal:
            self._live.update(self._table(), refresh=True)
            self._advise()
            return
        for plan in self._plans:
            now = (plan.progress.state, plan.progress.answer)
            if self._said.get(plan.stream) != now and now[0] is not State.READY:
                self._said[plan.stream] = now
                clock = time.strftime("%H:%M:%S", time.gmtime())
                self._console.print(
                    f"{clock}  {plan.stream:<16} {now[0]:<9} {_counts(plan)}  {now[1]}".rstrip(),
                    markup=False,
                )

        self._advise()

    def _advise(self) -> None:
        for plan in self._plans:
            text = advice(plan.progress.answer)
            if text and text not in self._told:
                self._told.add(text)
                self._console.print(f"  hint: {text}", markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for plan in self._plans:
            state = plan.progress.state
            colour = _COLOURS.get(state, "")
            table.add_row(
                Text(plan.stream, style="bold"),
                Text(state, style=colour),
                Text(_counts(plan)),
                Text(f"{self._rates[plan.stream].kilobits:>6} kbit/s"),
                Text(plan.progress.answer),
            )
        return table


class _Rate:
    """Bits over the last seconds."""

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = []

    def note(self, size: int, now: float) -> None:
        self._points.append((now, size))
        while self._points[0][0] < now - SPAN:
            del self._points[0]

    @property
    def kilobits(self) -> int:
        (began, first), (ended, last) = self._points[0], self._points[-1]
        return round(8 * (last - first) / (ended - began) / 1000) if ended > began else 0


def _counts(plan: Plan) -> str:
    told = plan.progress
    parts = [f"{told.fragments} fragments"]
    if told.resent:
        parts.append(f"{told.resent} resent")
    if told.skipped:
        parts.append(f"{told.skipped} given up")
    if told.posts > 1:
        parts.append(f"{told.posts - 1} reconnects")
    return ", ".join(parts)
