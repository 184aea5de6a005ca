"""ffmpeg as an upstream: what the relay forwards is a stream that others can read.

A story of `test_forward`; it raises AssertionError.
"""

import asyncio
from pathlib import Path

from tests.e2e.chain import status
from tests.e2e.conftest import Start
from tests.e2e.decoder import decoded
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess, free_port

SETTINGS: dict[str, object] = {"fragment_duration": "1.92", "patience": 0.5}
PICTURES, FRAMES = 48, 90
"""In a fragment of 1.92 s."""


class Gate:
    """Answers probes itself and hands every other body to ffmpeg, which takes one connection.

    ffmpeg says 200 at the beginning, which is an early answer to us: the gate says it at the end.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"Content-Length: 0" not in head:
            await self._hand_on(head, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def _hand_on(self, head: bytes, reader: asyncio.StreamReader) -> None:
        answer, body = await asyncio.open_connection("127.0.0.1", self.port)
        body.write(head)
        while True:
            line = await reader.readuntil(b"\r\n")
            data = await reader.readexactly(int(line, 16) + 2)
            body.write(line + data)
            await body.drain()
            if len(data) == 2:
                break
        await answer.read()
        body.close()


async def taken(start_relay: Start, loop: Path, tmp_path: Path, ffmpeg: str) -> None:
    """ffmpeg takes what is forwarded, and finds every frame."""
    port, out = free_port(), tmp_path / "out.mp4"
    gate = await asyncio.start_server(Gate(port), "127.0.0.1", 0)
    address = gate.sockets[0].getsockname()
    url = f"http://127.0.0.1:{address[1]}/live.isml"
    listening = await asyncio.create_subprocess_exec(
        *(ffmpeg, "-hide_banner", "-nostdin", "-y", "-listen", "1"),
        *("-i", f"http://127.0.0.1:{port}/live.isml/Streams(main)"),
        *("-map", "0", "-c", "copy", str(out)),
        stderr=asyncio.subprocess.PIPE,
    )
    hub: RelayProcess = start_relay(
        {"news": {**SETTINGS, "upstreams": {"eu": {"url": url, "stamp_index": 32}}}}
    )
    async with gate:
        with Push(loop, f"{hub.url}/news.isml", "enc_a", tmp_path) as push:
            push.start()
            async with asyncio.timeout(60):
                while (sent := status(hub)["upstreams"]["eu"]["sent"]) < 3 * 5:
                    await asyncio.sleep(0.2)
            hub.terminate()
            assert await asyncio.to_thread(hub.wait) == 0
        _, said = await asyncio.wait_for(listening.communicate(), 30)
        assert listening.returncode == 0, said
    counts = {}
    for stream in ("v:0", "v:1", "a:0"):
        alone = tmp_path / f"{stream[0]}{stream[2]}.mp4"
        split = await asyncio.create_subprocess_exec(
            *(ffmpeg, "-v", "error", "-nostdin", "-i", str(out), "-map", f"0:{stream}"),
            *("-c", "copy", str(alone)),
        )
        assert await split.wait() == 0
        counts[stream] = decoded(ffmpeg, alone)
    fragments = counts["v:0"] // PICTURES
    assert 3 * fragments >= sent
    assert counts == {
        "v:0": fragments * PICTURES,
        "v:1": fragments * PICTURES,
        "a:0": fragments * FRAMES,
    }
