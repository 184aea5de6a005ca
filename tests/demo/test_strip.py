"""The eight acts: what each says, and when it cannot be done."""

from pathlib import Path

import pytest

from relay.config import load
from relay.demo.acts import Act, Acts
from relay.demo.encoders import encoders
from relay.demo.kept import Kept
from relay.demo.strip import strip
from relay.demo.upstreams import upstreams

NAMES = ["stop_a", "stop_b", "delay_b", "drop", "poison", "refuse_eu", "stall_us", "restart"]


def acts(folder: Path, *, real: bool = False) -> dict[str, Act]:
    """Of a demo in which nothing runs."""

    async def command() -> list[str]:
        return []

    def say(_what: str, _which: str, _how: str) -> None: ...

    clip = None if real else folder / "clip.mp4"
    pushing = encoders("http://127.0.0.1:9/news.isml", clip, folder, say)
    fed = upstreams("news", 40_000, folder, say)
    for one in fed:
        one.gate._listening.close()
    return strip(pushing, fed, Kept("relay", "", "", folder / "log", command, say, 1))


def test_each_has_a_button_a_promise_and_a_way_back_or_an_end(tmp_path: Path) -> None:
    made = acts(tmp_path)
    assert list(made) == NAMES
    for act in made.values():
        assert act.label
        assert act.lasting.endswith(".")
        assert len(act.expect) <= 100, act.expect  # a line or two of a card
        assert bool(act.back) != bool(act.seconds)


def test_who_does_not_run_can_be_told_nothing(tmp_path: Path) -> None:
    facts = Acts(acts(tmp_path), lambda _: None).facts()
    assert facts["drop"]["hinder"] == "Encoder A does not run."
    assert facts["delay_b"]["hinder"] == "Encoder B does not run."
    assert facts["refuse_eu"]["hinder"] == "EU does not run."


@pytest.mark.parametrize("name", ["delay_b", "drop", "poison"])
def test_a_live_encoder_takes_no_orders(tmp_path: Path, name: str) -> None:
    assert "without --real" in acts(tmp_path, real=True)[name].hinder()


def test_what_a_restart_promises_depends_on_who_connects_again(tmp_path: Path) -> None:
    assert "no gap" in acts(tmp_path)["restart"].expect
    assert "no gap" not in acts(tmp_path, real=True)["restart"].expect


async def test_an_upstream_that_refuses_lets_in_nobody_until_it_accepts(tmp_path: Path) -> None:
    eu, us = upstreams("news", 40_000, tmp_path, lambda *_: None)
    conf = tmp_path / "eu.toml"
    before = conf.read_text()
    await eu.refuse()
    assert load(conf).channels["news"].sources["nobody"].allow
    assert "sources" not in (tmp_path / "us.toml").read_text()
    await eu.accept()
    assert conf.read_text() == before
    for one in (eu, us):
        await one.gate.stop()
