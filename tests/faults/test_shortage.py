"""F38: memory is short: newcomers are refused, and who streams already never notices.

Hogs announce a fragment of 60 MiB each, send some of it, and stand still. The relay may hold what
it needs, and `ROOM`: then it is full. From four fifths of that on it refuses new streams with 503;
it is never killed, holds no more than it may, and takes newcomers again when the hogs have gone.
"""

import asyncio
import struct
from collections import Counter
from pathlib import Path

import pytest

from relay.config import Config
from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess
from tests.faults import chain, invariants, legs
from tests.faults.invariants import Footprint
from tests.faults.legs import Channel
from tests.faults.storm import ADDRESSES

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.fault("F38"),
    pytest.mark.timeout(300),
    pytest.mark.skipif("limits" not in Config.model_fields, reason="needs [limits] memory_mib"),
]

HOGS, AT_ONCE = 40, 4
SENT = 3 << 20
"""Bytes that each sends, if it may."""
MB = 1 << 20
ROOM = 60
"""MiB that the relay may hold beyond what it holds beside the good stream alone."""


def test_a_relay_that_is_short_of_memory_refuses_newcomers_and_keeps_whom_it_has(
    made: Stamper, tmp_path: Path
) -> None:
    for name in ("calm", "short"):
        (tmp_path / name).mkdir()
    channels = {"news": legs.SETTINGS, "bin": legs.SETTINGS}
    with RelayProcess(tmp_path / "calm", channels) as relay:
        need = Footprint.of(relay.pid).memory // MB
    short = f"[limits]\nmemory_mib = {need + ROOM}\n"
    with RelayProcess(tmp_path / "short", channels, short) as relay:
        asyncio.run(_crowded(made, relay, need + ROOM))
        assert relay.running
        assert invariants.quiet(relay.text(), {"INGEST_LIMIT"}) == []


async def _crowded(made: Stamper, relay: RelayProcess, most: int) -> None:
    channel = Channel.of("news", relay.port)
    async with channel.watched(), channel.leg(made, "a", patient=True) as leg:
        await channel.witness.until(3)
        hogs = []
        for first in range(0, HOGS, AT_ONCE):
            these = range(first, first + AT_ONCE)
            hogs += await asyncio.gather(*(_hog(made, relay.port, at) for at in these))
        answers = Counter(answer for answer, _ in hogs)
        held = Footprint.of(relay.pid).memory // MB
        assert set(answers) == {"", "503"}, answers
        assert answers["503"] > HOGS / 4
        assert held <= most
        await channel.witness.until(3)
        for _, writer in hogs:
            writer.transport.abort()
        async with asyncio.timeout(chain.LIMIT):  # or what they held is not given back
            while await _refused(relay.port):
                await asyncio.sleep(0.5)
        await channel.witness.until(3)
        assert leg.posts == 1
    assert invariants.published(channel.ledger, channel.witness) == []
    assert not any(track.gaps for track in channel.witness.tracks.values())


async def _refused(port: int) -> bool:
    """A newcomer is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST /bin.isml/Streams(new) HTTP/1.1\r\nHost: localhost\r\n")
        writer.write(b"Content-Length: 1000\r\n\r\n\0\0\0\x20ftyp")
        async with asyncio.timeout(1):
            return b" 503 " in await reader.readline()
    except TimeoutError:
        return False
    finally:
        writer.transport.abort()


async def _hog(made: Stamper, port: int, at: int) -> tuple[str, asyncio.StreamWriter]:
    """Its status, "" while there is none, and what to end it with."""
    local = (f"127.0.0.{2 + at % ADDRESSES}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
    fragment = made.fragment(made.tracks[0], 1000 + at)
    moof = fragment[: int.from_bytes(fragment[:4], "big")]
    head = f"POST /bin.isml/Streams(hog{at}) HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Content-Length: {1 << 30}\r\n\r\n".encode())
    writer.write(made.header(made.tracks) + moof + struct.pack(">I4s", 60 << 20, b"mdat"))
    writer.write(bytes(SENT))
    try:
        async with asyncio.timeout(30):
            await writer.drain()
        async with asyncio.timeout(0.3):
            line = await reader.readline()
        return line.split()[1].decode(), writer
    except TimeoutError:
        return "", writer
    except OSError:
        return "503" if b" 503 " in bytes(reader._buffer) else "reset", writer  # type: ignore[attr-defined]
