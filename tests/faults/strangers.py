"""Troubles of a soak that come from strangers: bodies that are none, and a crowd of players."""

import asyncio

from tests.faults.plant import CHANNEL, HUBS, Plant

LIMIT = 60.0
RUBBISH = (
    b"",
    b"\0\0\0\0mdat",
    b"\0\0\0\x08moof",
    b"\0\0\0\x01mdat" + b"\xff" * 8,
    b"\xff\xff\xff\xffmoof",
    b"\0\0\0\x10uuid" + b"\xa5" * 8,
    b"<smil>" * 500,
    bytes(range(256)) * 16,
)
STRANGERS = 40


async def strangers(plant: Plant) -> str:
    """F34: bodies that are none, beside good ones; none is answered 5xx."""
    name = plant.rng.choice(HUBS)
    port = plant.relays[name].port
    answers = await asyncio.gather(
        *(_push(port, plant.rng.choice(RUBBISH)) for _ in range(STRANGERS))
    )
    wrong = [status for status in answers if not 200 <= status < 500]
    assert not wrong, f"{name} answers {wrong}"
    return f"{STRANGERS} at {name}"


async def _push(port: int, body: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(LIMIT):
            head = (
                f"POST /{CHANNEL}.isml/Streams(rubbish)?source=stranger HTTP/1.1\r\nHost: relay\r\n"
            )
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            line = await reader.readline()
            return int(line.split()[1])
    finally:
        writer.close()


async def crowd(plant: Plant) -> str:
    """F40: a hundred players at once, who ask for everything that is listed."""
    name = plant.rng.choice(("two", "us"))
    witness = plant.witnesses[name]
    paths = [
        f"/{CHANNEL}.isml/{track}/{index}.m4s"
        for track, known in witness.tracks.items()
        for index in sorted(known.bodies)[-5:]
    ]
    answers = await asyncio.gather(
        *(_get(plant.relays[name].port, plant.rng.choice(paths)) for _ in range(100))
    )
    wrong = [status for status in answers if status != 200]
    assert not wrong, f"{name} answers {wrong}"
    return f"100 at {name}"


async def _get(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(LIMIT):
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n".encode()
            )
            line = await reader.readline()
            await reader.read()
            return int(line.split()[1])
    finally:
        writer.close()
