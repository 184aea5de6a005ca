"""The operator's page in the browser, read as its reader sees it: from the DOM, never the API."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import ConsoleMessage, Page

LOOK = """() => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const cells = {};
  for (const group of all(".group")) {
    const rows = cells[group.querySelector("h3").textContent] = {};
    for (const row of all(".row", group)) {
      const shown = all(".cell", row).map((cell) => cell.title).filter(Boolean);
      rows[row.querySelector(".label").textContent] = shown;
    }
  }
  const told = (where, what) => all(where).map((item) => all(what, item).map((c) => c.textContent));
  return {
    connection: text("#connection"),
    player: text(".player output"),
    protection: text(".head .word"),
    why: text(".head .why"),
    cells,
    sources: told(".sources tbody tr", "th, td"),
    upstreams: told(".upstreams li", "strong, .state"),
    events: told(".events li", "code, span"),
    notices: all(".notices .notice").map((item) => item.textContent),
  };
}"""

Cells = dict[int, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands on the page.

    protection  PROTECTED, EXPOSED or DOWN; `why` the sentence beside it
    cells       outcome by index, by source ("merged": the result), by track
    sources     what the table says of each source's standing
    upstreams   shape and word of each
    events      code word and text, newest first;  notices  their whole text
    connection  what the page says of its own connection;  player  and of its player
    """

    protection: str
    why: str
    cells: dict[str, dict[str, Cells]]
    sources: dict[str, str]
    upstreams: dict[str, str]
    events: list[tuple[str, str]]
    notices: list[str]
    connection: str
    player: str

    def outcomes(self, source: str, after: int = 0) -> dict[str, Cells]:
        """A source's cells beyond an index, by track; every track is there."""
        return {
            track: {n: word for n, word in rows.get(source, {}).items() if n > after}
            for track, rows in self.cells.items()
        }

    @property
    def newest(self) -> int:
        """The newest index of the result."""
        return max((n for rows in self.cells.values() for n in rows.get("merged", {})), default=0)


class Watched:
    """The page at `url`, open. `errors`: of the console and of scripts, refused by the CSP too."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))

    async def open(self, url: str) -> None:
        await self.page.goto(url)

    async def look(self) -> Seen:
        found: dict[str, Any] = await self.page.evaluate(LOOK)
        return Seen(
            protection=found["protection"],
            why=found["why"],
            cells={
                track: {source: _cells(titles) for source, titles in rows.items()}
                for track, rows in found["cells"].items()
            },
            sources={row[0]: row[1] for row in found["sources"]},
            upstreams=dict(found["upstreams"]),
            events=[(code, text) for code, text in found["events"]],
            notices=found["notices"],
            connection=found["connection"],
            player=found["player"],
        )

    async def until(self, what: str, holds: Callable[[Seen], bool], limit: float = 60) -> Seen:
        """Look until it holds. AssertionError, with what stands there, after `limit` seconds."""
        deadline = asyncio.get_running_loop().time() + limit
        while True:
            seen = await self.look()
            if holds(seen):
                return seen
            assert asyncio.get_running_loop().time() < deadline, f"not {what}: {seen}"
            await asyncio.sleep(0.2)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"console {message.type}: {message.text}")


def _cells(titles: list[str]) -> Cells:
    pairs = (title.split(" ", 1) for title in titles)
    return {int(index): word for index, word in pairs}
