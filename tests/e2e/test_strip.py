"""The demo's "try it" strip: every button is pressed, and what it promises happens.

On the page: its words, its timeline, its cards and events. In the picture: of the page itself, and
of a player that counts every stall. What one button breaks, another one does not touch, so several
are pressed at a time: one demo has to last for all of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import players
from tests.e2e.demo_process import DemoProcess, clip_in, first_picture
from tests.e2e.playing import STANDS, Playing
from tests.e2e.watching import Seen, Watched

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]  # eight buttons, on any machine

LIMIT = 45.0
BUTTONS = [
    "Stop encoder A",
    "Stop encoder B",
    "Delay encoder B",
    "Drop 3 fragments",
    "Poison one",
    "Refuse at EU",
    "Stall US",
    "Restart relay",
]
PICTURE = """() => {
  const video = document.querySelector("video");
  if (!video) return [0, 0];
  window.lives ??= new Set();
  window.lives.add(video);
  return [window.lives.size, video.currentTime];
}"""
"""How many players the page has had, and where the one of now is."""


@dataclass(slots=True)
class Person:
    """Who looks at the page of a demo, and at the picture of a player beside it."""

    page: Watched
    picture: Playing

    async def press(self, *labels: str) -> None:
        """Press buttons of the strip, at once."""
        for label in labels:
            await self.page.page.get_by_role("button", name=label, exact=True).click()

    async def sees(self, what: str, holds: Callable[[Seen], bool]) -> Seen:
        return await self.page.until(what, holds, LIMIT)

    async def labels(self) -> list[str]:
        return await self.page.page.locator("#try-it button").all_inner_texts()

    async def said(self, label: str) -> str:
        """What stands beside a button: what lasts, or why it cannot be pressed."""
        card = self.page.page.locator("#try-it li", has_text=label)
        return await card.locator("strong").inner_text()

    async def idle(self, *but: str) -> None:
        """Wait until nothing lasts, but for what these buttons end."""
        lasting = self.page.page.locator("#try-it .lasts button")
        async with asyncio.timeout(LIMIT):
            while tuple(await lasting.all_inner_texts()) != but:
                await asyncio.sleep(0.1)

    async def watches(self) -> None:
        """Wait until the page's own picture has moved on by a second."""
        _, begun = await self.page.page.evaluate(PICTURE)
        async with asyncio.timeout(LIMIT):
            while (await self.page.page.evaluate(PICTURE))[1] < begun + 1:
                await asyncio.sleep(0.1)

    async def lives(self) -> int:
        """How many players the page has had."""
        return int((await self.page.page.evaluate(PICTURE))[0])


@asynccontextmanager
async def watching(demo: DemoProcess) -> AsyncIterator[Person]:
    """The page of a demo that runs, when both upstreams are fed and both pictures move."""
    async with players.browser() as browser:
        page = Watched(await browser.page())
        await page.open(demo.page)
        seen = await page.until(
            "all is well",
            lambda seen: (
                seen.protection == "PROTECTED" and set(seen.upstreams.values()) == {"● streaming"}
            ),
            LIMIT,
        )
        assert set(seen.upstreams) == {"eu", "us"}
        person = Person(page, await browser.open("hls", demo.master, patient=True))
        await person.watches()
        yield person


def state(seen: Seen, upstream: str) -> str:
    return seen.upstreams[upstream].split(" ", 1)[-1]


def codes(seen: Seen) -> set[str]:
    return {code for code, _ in seen.events}


def row(seen: Seen, source: str, after: int, word: str, count: int) -> bool:
    """Whether a source has so many cells of one outcome in a row, on every track."""
    return all(
        any(all(cells.get(n + k) == word for k in range(count)) for n in cells)
        for cells in seen.outcomes(source, after).values()
    )


def healed(seen: Seen) -> bool:
    """Whether the result has neither gap nor break."""
    return all(set(row.values()) == {"whole"} for row in seen.outcomes("merged").values())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_in(tmp_path_factory.mktemp("cache"))


async def test_what_the_buttons_promise_happens(
    chromium: Path, cache: Path, tmp_path: Path
) -> None:
    limit = await asyncio.to_thread(first_picture)
    with DemoProcess(cache, tmp_path) as demo:
        await asyncio.to_thread(demo.until, demo.playable, limit)
        async with watching(demo) as person:
            assert await person.labels() == BUTTONS
            await _an_encoder_goes_and_an_upstream_refuses(person)
            await _one_is_late_and_the_other_sends_nonsense(person)
            await _the_other_encoder_goes(person)
            report = await person.picture.report()
            assert report.errors == ()
            assert report.stall <= STANDS
            assert await person.lives() == 1
            assert person.page.errors == []
            await _the_relay_restarts(person)
        assert await asyncio.to_thread(demo.end) == 0, demo.text
    assert "Traceback" not in demo.text


async def _an_encoder_goes_and_an_upstream_refuses(person: Person) -> None:
    await person.press("Stall US", "Stop encoder A", "Refuse at EU")
    seen = await person.sees(
        "exposed, and EU refuses",
        lambda seen: (
            seen.protection == "EXPOSED"
            and state(seen, "eu") == "refused"
            and row(seen, "enc_a", 0, "silent", 3)
        ),
    )
    assert any(code == "UPSTREAM_REFUSED" and "403" in text for code, text in seen.events)
    assert "SOURCE_ENDED" in codes(seen)
    assert await person.said("Start encoder A") == "◆ It is stopped."
    assert await person.said("Drop 3 fragments") == "Encoder A does not run."
    await person.watches()
    assert healed(await person.page.look())


async def _one_is_late_and_the_other_sends_nonsense(person: Person) -> None:
    await person.press("Accept at EU", "Delay encoder B", "Start encoder A")
    seen = await person.sees("protected", lambda seen: seen.protection == "PROTECTED")
    late = seen.newest + 1  # B's next fragment may have been on its way before it was late
    await person.press("Poison one")
    await person.sees("poison", lambda seen: any("far ahead" in text for _, text in seen.events))
    await person.press("Drop 3 fragments")
    seen = await person.sees("a hole of A", lambda seen: row(seen, "enc_a", late, "missing", 3))
    assert healed(seen)
    seen = await person.sees(
        "A again",
        lambda seen: all(
            list(cells.values()).count("won") > 1 for cells in seen.outcomes("enc_a", late).values()
        ),
    )
    for cells in seen.outcomes("enc_a", late).values():
        assert "duplicate" not in cells.values()  # A wins all that it sends
    seen = await person.sees("EU has all", lambda seen: state(seen, "eu") == "streaming")
    assert state(seen, "us") in ("retrying", "probing", "connecting")
    assert any(code == "UPSTREAM_RETRYING" and "us:" in text for code, text in seen.events)
    await person.idle("End the delay", "Clear the way to US")


async def _the_other_encoder_goes(person: Person) -> None:
    await person.press("End the delay", "Clear the way to US", "Stop encoder B")
    seen = await person.sees("exposed", lambda seen: seen.protection == "EXPOSED")
    assert "enc_a" in seen.why or "one source" in seen.why
    await person.watches()
    assert healed(await person.page.look())


async def _the_relay_restarts(person: Person) -> None:
    mark = (await person.page.look()).newest
    await person.press("Restart relay")
    await person.sees("away", lambda seen: "does not answer" in seen.connection)
    await person.sees("back", lambda seen: seen.connection == "connected")
    await person.press("Start encoder B")
    seen = await person.sees(
        "all is well",
        lambda seen: (
            seen.connection == "connected"
            and seen.protection == "PROTECTED"
            and {state(seen, "eu"), state(seen, "us")} == {"streaming"}
            and seen.newest > mark + 2
        ),
    )
    assert "CHANNEL_REPLAYED" in codes(seen)
    assert healed(seen)
    await person.watches()
    await person.idle()
    assert await person.labels() == BUTTONS


@pytest.mark.long
async def test_a_late_encoder_is_told_as_out_of_sync(
    chromium: Path, cache: Path, tmp_path: Path
) -> None:
    with DemoProcess(cache, tmp_path) as demo:
        await asyncio.to_thread(demo.until, demo.playable)
        async with watching(demo) as person:
            await person.press("Delay encoder B")
            seen = await person.sees("out of sync", lambda seen: "OUT_OF_SYNC" in codes(seen))
            assert any(code == "OUT_OF_SYNC" and "enc_b" in text for code, text in seen.events)
            assert seen.protection == "PROTECTED"
            await person.press("End the delay")
            await person.idle()
            await person.watches()
            assert (await person.picture.report()).stall <= STANDS


@pytest.mark.long
async def test_live_encoders_take_no_orders_and_say_so(
    chromium: Path, cache: Path, tmp_path: Path
) -> None:
    with DemoProcess(cache, tmp_path, "--real") as demo:
        await asyncio.to_thread(demo.until, demo.playable)
        async with watching(demo) as person:
            for label in ("Delay encoder B", "Drop 3 fragments", "Poison one"):
                assert "without --real" in await person.said(label)
            await person.press("Stop encoder B")
            await person.sees("exposed", lambda seen: seen.protection == "EXPOSED")
            await person.press("Start encoder B", "Restart relay")
            await person.sees("away", lambda seen: "does not answer" in seen.connection)
            await person.sees("back", lambda seen: seen.connection == "connected")
            # An ffmpeg does not come back by itself: each is started anew after a while.
            await person.sees(
                "protected",
                lambda seen: seen.protection == "PROTECTED" and "CHANNEL_REPLAYED" in codes(seen),
            )
            await person.watches()
