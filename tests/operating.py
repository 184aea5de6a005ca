"""A whole relay in this process, to be pushed to, asked, and told what to do."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from relay.app import House
from relay.config import Config, load
from tests.door import PATH, chunked, header, request, video
from tests.server.wire import Answer, connected

FREE = "127.0.0.1:0"
PLAIN = {"fragment_duration": "2"}


@asynccontextmanager
async def opened(
    channels: Mapping[str, Mapping[str, object]],
    folder: Path | None = None,
    *,
    conf: Path | None = None,
    **server: object,
) -> AsyncIterator[House]:
    """A relay with these channels (settings as in the file), on disk if there is a folder.

    `conf`: a file that it has been started with; then its channels count. `server`: its settings.
    """
    store = {"kind": "memory"} if folder is None else {"kind": "disk", "path": str(folder)}
    config = Config.model_validate(
        {
            "server": {"listen": FREE, "admin": FREE, **server},
            "store": store,
            "channels": channels if conf is None else load(conf).channels,
        }
    )
    house = House(config, conf)
    try:
        await house.open()
        yield house
    finally:
        await house.close()


async def push(house: House, first: int, stop: int, path: str = PATH) -> Answer:
    """One POST of the header and the video fragments of these indexes."""
    body = header() + b"".join(video(index) for index in range(first, stop))
    async with connected(house.addresses[0]) as client:
        await client.send(request(path) + chunked(body) + b"0\r\n\r\n")
        return await client.answer()


async def get(house: House, path: str, *, admin: bool = False) -> Answer:
    async with connected(house.addresses[admin]) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return await client.answer()


async def order(
    house: House,
    path: str,
    said: object,
    *fields: str,
    host: str = "localhost",
    method: str = "POST",
) -> tuple[int, Any]:
    """JSON for the admin port: status and what the answer says."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    kind = (
        ()
        if any(f.lower().startswith("content-type") for f in fields)
        else ("Content-Type: application/json",)
    )
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        f"Content-Length: {len(body)}",
        *kind,
        *fields,
    ]
    async with connected(house.addresses[1]) as client:
        await client.send("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await client.answer()
        return answer.status, json.loads(answer.body)
