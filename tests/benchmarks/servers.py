"""What the relay is measured against, in Python: `python -m tests.benchmarks.servers NAME [CONF]`.

    sink    a bare asyncio protocol that drops all bodies: the floor. An empty line on its standard
            input is answered with the bytes that it has taken
    stock   hypercorn as it is, with a Starlette application that drops the body
    echo    the relay's own server with an application that sends the body back
    relay   the relay of a configuration, on hypercorn as it is

The first line on its standard output is the port, but for the relay's, which its file says.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from relay import app as relay_app
from relay import guards as relay_guards
from relay import logs
from relay.config.checking import checked
from relay.heap import keep_what_is_freed
from relay.server import ASGIApp, Listener, Server
from tests.e2e.relay_process import free_port

_LAST = b"\r\n0\r\n\r\n"
_DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    """Looks at heads, and of bodies at their last seven bytes."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._tail: bytes | None = None

    def data_received(self, data: bytes) -> None:
        Sink.taken += len(data)
        if self._tail is None:
            self._head += data
            head, edge, rest = self._head.partition(b"\r\n\r\n")
            if not edge:
                return
            self._head = b""
            if b"chunked" not in head.lower():  # a probe
                self._transport.write(_DONE)
                return
            self._tail, data = b"\r\n", rest
        self._tail = (self._tail + data[-len(_LAST) :])[-len(_LAST) :]
        if self._tail == _LAST:
            self._tail = None
            self._transport.write(_DONE)


async def sink() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    _say(server.sockets[0].getsockname()[1])

    def asked() -> None:
        if not sys.stdin.readline():
            sys.exit()  # whoever started it has gone
        _say(Sink.taken)

    loop.add_reader(sys.stdin, asked)
    await server.serve_forever()


async def stock() -> None:
    async def drop(request: Request) -> Response:
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return Response(str(size))

    app = Starlette(routes=[Route("/{path:path}", drop, methods=["POST"])])
    port = free_port()
    asyncio.get_running_loop().call_later(0.2, _say, port)
    await serve(app, _configured([f"127.0.0.1:{port}"]))  # type: ignore[arg-type]


async def echo() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            pieces.append(message["body"])
            more = message["more_body"]
        body = b"".join(pieces)
        fields = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    ((_, port),) = await Server(app, [Listener("127.0.0.1", 0)]).start()
    _say(port)
    await asyncio.Event().wait()


class StockServer:
    """hypercorn as it is, where the relay expects its own server."""

    handshakes_failed = 0

    def __init__(self, app: ASGIApp, listeners: Sequence[Listener], **_: Any) -> None:
        self._app = app
        self.addresses = [(each.host, each.port) for each in listeners]
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> list[tuple[str, int]]:
        config = _configured([f"{host}:{port}" for host, port in self.addresses])
        work = serve(self._app, config, shutdown_trigger=self._over.wait)
        self._task = asyncio.create_task(work)
        return self.addresses

    async def stop(self, grace: float) -> None:
        self._over.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace)


async def whole() -> None:
    for room in (relay_app, relay_guards):
        vars(room)["Server"] = StockServer
    conf = Path(sys.argv[2])
    await relay_app.run(checked(conf), conf=conf)


def _configured(bind: list[str]) -> Config:
    config = Config()
    config.bind = bind
    config.accesslog = config.errorlog = None
    config.keep_alive_timeout = 120
    return config


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


NAMES: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
    "sink": sink,
    "stock": stock,
    "echo": echo,
    "relay": whole,
}

if __name__ == "__main__":
    if sys.argv[1] == "relay":
        logs.configure()
        keep_what_is_freed()
    asyncio.run(NAMES[sys.argv[1]]())
