"""`relay reset` and `relay prefer`, typed on a terminal, against a relay that runs."""

import asyncio
import os
import pty
import sys
from contextlib import suppress
from pathlib import Path

from relay.app import House
from tests.door import published, shown
from tests.operating import PLAIN, opened, push

ROOT = Path(__file__).parent.parent.parent


def admin(house: House) -> str:
    host, port = house.addresses[1]
    return f"http://{host}:{port}"


async def typed(*words: str, terminal: bytes | None = None) -> tuple[int, str]:
    """Exit code and what was said. `terminal`: there is one, and this is typed on it."""
    near, far = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "relay", *words),
            stdin=asyncio.subprocess.DEVNULL if terminal is None else far,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
        )
        if terminal is not None:
            os.write(near, terminal)
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    finally:
        os.close(near)
        with suppress(OSError):
            os.close(far)
    assert b"Traceback" not in said
    return process.returncode or 0, said.decode()


async def test_reset_asks_on_a_terminal_and_wants_yes_without_one() -> None:
    async with opened({"news": PLAIN}) as house:
        assert (await push(house, 0, 1)).status == 200
        await shown(house.channels["news"], [0])
        words = ("reset", "news", "--url", admin(house))
        code, said = await typed(*words)
        assert (code, "--yes" in said) == (1, True)
        code, said = await typed(*words, terminal=b"n\n")
        assert (code, "Delete all that news has stored" in said) == (1, True)
        assert published(house.channels["news"]) == [0]
        code, said = await typed(*words, terminal=b"y\n")
        assert (code, "news was reset." in said) == (0, True)
        assert published(house.channels["news"]) == []
        code, said = await typed("reset", "news", "--yes", "--admin", admin(house))
        assert (code, "news was reset." in said) == (0, True)


async def test_prefer_and_no_preference() -> None:
    async with opened({"news": PLAIN}) as house:
        await push(house, 0, 1, "/news.isml/Streams(main)?source=enc_a")
        where = ("--url", admin(house))
        assert await typed("prefer", "news", "enc_a", *where) == (0, "news prefers enc_a.\n")
        assert house.channels["news"].preferred == "enc_a"
        code, said = await typed("prefer", "news", "enc_z", *where)
        assert (code, "No source of this name has delivered yet" in said) == (0, True)
        code, said = await typed("prefer", "news", *where)
        assert (code, "prefers no source" in said) == (0, True)
        assert house.channels["news"].preferred is None


async def test_refusals_are_sentences() -> None:
    async with opened({"news": PLAIN}) as house:
        code, said = await typed("reset", "sport", "--yes", "--url", admin(house))
        assert (code, said.splitlines()[0]) == (1, "relay: There is no channel sport.")
        code, said = await typed("prefer", "news", "a b", "--url", admin(house))
        assert (code, "source: String should match" in said) == (1, True)
        host, port = house.addresses[0]
        code, said = await typed("reset", "news", "--yes", "--url", f"http://{host}:{port}")
        assert code == 1
    code, said = await typed("reset", "news", "--yes", "--url", "http://127.0.0.1:1")
    assert (code, said.startswith("relay: No relay answers at ")) == (1, True)
    code, said = await typed("prefer", "news", "--url", "ftp://x")
    assert (code, "is no http URL" in said) == (1, True)


async def test_the_status_says_who_is_preferred() -> None:
    async with opened({"news": PLAIN | {"prefer": "enc_a"}}) as house:
        code, said = await typed("status", "--admin", admin(house))
        assert (code, "news  DOWN, prefers enc_a" in said) == (0, True)
