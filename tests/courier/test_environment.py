"""A proxy or a password that lies about on the machine is not for the relay."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.wire import give, read_body, serving

PROBE = """
import asyncio, sys
from yarl import URL
from relay.courier.access import Access
from relay.courier.probe import probe
from relay.courier.wire import Wire

settled = asyncio.run(probe(Wire(), URL(sys.argv[1]), Access(), {}))
print(settled.answer.status)
"""


@pytest.mark.threat("T25")
async def test_proxies_and_netrc_of_the_machine_are_not_asked(tmp_path: Path) -> None:
    seen: list[dict[bytes, bytes]] = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        seen.append(dict(scope["headers"]))  # type: ignore[call-overload]
        await read_body(receive)
        await give(send, 200)

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login relay password S3CRET-CANARY\n")
    nobody = "http://127.0.0.1:9"
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    proxies = dict.fromkeys(names, nobody)
    async with serving(app) as (host, port):
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PROBE, f"http://{host}:{port}/news.isml"],
            env={**os.environ, **proxies, "HOME": str(tmp_path), "no_proxy": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ran.stdout == "200\n", ran.stderr
    (headers,) = seen
    assert b"authorization" not in headers
