"""What takes long to load is loaded when the doors are open, once, and told when it cannot be."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.monitor.late import Late

ROOT = Path(__file__).parent.parent.parent


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "done"})


async def nothing() -> dict[str, object]:
    return {}


async def test_it_is_loaded_once_for_all_who_ask() -> None:
    may, loads, sent = threading.Event(), list[str](), list[object]()

    def load() -> ASGIApp:
        loads.append(threading.current_thread().name)
        assert may.wait(30)
        return echo

    async def send(message: object) -> None:
        sent.append(message)

    late = Late(load)
    late.soon()
    asking = [asyncio.create_task(late({}, nothing, send)) for _ in range(3)]
    asking[0].cancel()
    await asyncio.sleep(0)
    may.set()
    await asyncio.gather(*asking[1:])
    assert len(sent) == 2
    assert len(loads) == 1
    assert loads[0] != threading.current_thread().name
    await late.close()


async def test_who_asks_is_told_that_it_cannot_be_loaded() -> None:
    def load() -> ASGIApp:
        raise ImportError("no such room")

    late = Late(load)
    with pytest.raises(ImportError, match="no such room"):
        await late({}, nothing, lambda message: asyncio.sleep(0))
    await late.close()


def test_a_relay_takes_fragments_before_fastapi_is_loaded() -> None:
    script = (
        "import asyncio, sys\n"
        "from tests.operating import PLAIN, get, opened, push\n"
        "async def main():\n"
        "    async with opened({'news': PLAIN}) as house:\n"
        "        assert (await push(house, 0, 1)).status == 200\n"
        "        assert (await get(house, '/api/v1/status', admin=True)).status == 200\n"
        "        assert 'fastapi' not in sys.modules\n"
        "        assert (await get(house, '/api/v1/channels', admin=True)).status == 200\n"
        "        assert 'fastapi' in sys.modules\n"
        "asyncio.run(main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
