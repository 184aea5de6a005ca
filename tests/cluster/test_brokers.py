"""Which brokers are refused, and that nothing of them is loaded where none is configured."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from relay.errors import StoreRefused
from relay.store.jetstream.brokers import fault
from tests.cluster.nodes import Nodes


@pytest.mark.parametrize("version", ["2.15.0", "v2.15.0", "2.10.22", "2.9.10", "2.9.10-beta.1"])
def test_these_are_refused(version: str) -> None:
    assert "2.14.6" in fault(version)


@pytest.mark.parametrize("version", ["2.14.6", "2.12.15", "2.10.23", "2.15.1", "2.16.0-dev", "dev"])
def test_these_are_not(version: str) -> None:
    assert fault(version) == ""


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"version": "2.15.0", "max_payload": 16 << 20}, r"2\.15\.0 .*2\.14\.6"),
        ({"version": "2.14.6", "max_payload": 1 << 20}, "1048576 bytes"),
    ],
)
async def test_a_server_that_cannot_be_used_ends_the_start(
    tmp_path: Path, facts: dict[str, object], said: str
) -> None:
    """A server that says no more than who it is."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = {"server_id": "x", "headers": True, "proto": 1, **facts}
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    nodes = Nodes((f"nats://127.0.0.1:{port}",), "news", tmp_path)
    with pytest.raises(StoreRefused, match=said):
        await nodes.open("one", patience=5)
    server.close()
    await server.wait_closed()


def test_a_relay_without_a_cluster_loads_none_of_it() -> None:
    script = (
        "import sys, relay.app, relay.__main__;"
        "assert not [m for m in sys.modules if m.split('.')[0] == 'nats'], 'loaded'"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
