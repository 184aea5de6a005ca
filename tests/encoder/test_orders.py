"""Lines that come while a push runs."""

import io
import os
from pathlib import Path

from rich.console import Console

from relay.encoder.faults import parse
from relay.encoder.orders import LONGEST, hear


def _take(text: str) -> str:
    return f"taken: {parse(text).name}"


async def _heard(written: bytes) -> list[str]:
    said = io.StringIO()
    reading, writing = os.pipe()
    os.write(writing, written)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        await hear(source, _take, Console(file=said, width=500))
    return [line.strip() for line in said.getvalue().splitlines()]


async def test_each_line_is_an_order_until_the_input_ends() -> None:
    assert await _heard(b"drop=1-3\n\n  poison=1 \ndelay=0") == [
        "taken: drop",
        "taken: poison",
        "taken: delay",
    ]


async def test_what_is_no_order_is_answered_and_ends_nothing() -> None:
    first, second, *third = await _heard(b"dorp=1\n\xff[red]\n" + b"delay=5\n")
    assert first.startswith('"dorp=1" is no fault. Faults: corrupt, delay')
    assert second.startswith('"?[red]" is no fault.')
    assert third == ["taken: delay"]


async def test_a_line_without_end_is_thrown_away() -> None:
    assert (await _heard(b"x" * 3 * LONGEST + b"\ndrop=1\n"))[-1] == "taken: drop"


async def test_a_plain_file_is_no_place_for_orders(tmp_path: Path) -> None:
    path, said = tmp_path / "orders", io.StringIO()
    path.write_text("drop=1\n")
    with path.open("rb") as source:
        await hear(source, _take, Console(file=said))
    assert "no orders" in said.getvalue()
