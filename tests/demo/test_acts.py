"""What may be done to the demo: begun once, taken back once, and told each time."""

import asyncio
from typing import Any

from relay.demo.acts import Act, Acts


class Stage:
    """Acts on nothing, and what came of them."""

    def __init__(self, seconds: float = 0) -> None:
        self.done: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.hindered = ""
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.acts = Acts(
            {
                "stop": Act(
                    "Stop", "It ends.", "Stopped.", self._deed("stop"), self._deed("start"), "Start"
                ),
                "drop": Act(
                    "Drop",
                    "A hole.",
                    "Dropping.",
                    self._deed("drop"),
                    seconds=seconds,
                    hinder=lambda: self.hindered,
                ),
            },
            self.told.append,
        )

    def _deed(self, word: str) -> Any:
        async def done() -> None:
            await self.flowing.wait()
            self.done.append(word)

        return done

    async def press(self, name: str, *, on: bool) -> None:
        self.acts.press(name, on=on)
        for _ in range(10):
            await asyncio.sleep(0)

    def lasts(self, name: str) -> bool:
        return bool(self.acts.facts()[name]["lasts"])


async def test_an_act_lasts_until_it_is_taken_back() -> None:
    stage = Stage()
    await stage.press("stop", on=True)
    assert stage.lasts("stop")
    await stage.press("stop", on=True)  # once more is not twice
    await stage.press("stop", on=False)
    await stage.press("stop", on=False)
    assert not stage.lasts("stop")
    assert stage.done == ["stop", "start"]
    assert [told["stop"]["lasts"] for told in stage.told] == [True, True, False, False]
    await stage.acts.close()


async def test_an_act_without_a_way_back_ends_by_itself() -> None:
    stage = Stage(seconds=0.05)
    await stage.press("drop", on=True)
    assert stage.lasts("drop")
    await stage.press("drop", on=False)
    while stage.lasts("drop"):
        await asyncio.sleep(0.01)
    assert stage.done == ["drop"]
    assert stage.told[-1]["drop"]["lasts"] is False
    await stage.acts.close()


async def test_what_cannot_be_done_says_why_and_is_not_done() -> None:
    stage = Stage()
    stage.hindered = "Encoder A does not run."
    assert stage.acts.facts()["drop"]["hinder"] == "Encoder A does not run."
    await stage.press("drop", on=True)
    assert stage.done == []
    await stage.acts.close()


async def test_presses_do_not_pile_up() -> None:
    stage = Stage()
    stage.flowing.clear()
    for _ in range(50):
        await stage.press("stop", on=True)
        await stage.press("stop", on=False)
    stage.flowing.set()
    await stage.press("nothing of this name", on=True)
    assert len(stage.done) <= 2
    await stage.acts.close()


async def test_the_facts_are_what_the_page_shows_in_its_order() -> None:
    stage = Stage()
    facts = stage.acts.facts()
    assert [facts[name]["place"] for name in ("stop", "drop")] == [0, 1]
    assert facts["stop"] == {
        "place": 0,
        "label": "Stop",
        "back": "Start",
        "expect": "It ends.",
        "lasting": "Stopped.",
        "lasts": False,
        "hinder": "",
    }
    await stage.acts.close()
