"""A page that has bound its own name to the admin port's address reads nothing."""

import pytest
from starlette.responses import Response

from relay.monitor.named import OPEN, Named
from relay.monitor.order import Order
from tests.server.wire import connected, serving

FACTS = Response(b"facts")
ORDER = Order(FACTS, ("Rack-1",))
APP = Named(FACTS, ORDER)


async def asked(path: str, host: str) -> tuple[int, bytes]:
    async with serving(APP) as address, connected(address) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await client.answer()
        return answer.status, answer.body


@pytest.mark.parametrize("host", ["localhost:8081", "127.0.0.1:8081", "[::1]", "rack-1"])
async def test_it_answers_to_its_names(host: str) -> None:
    assert await asked("/api/v1/status", host) == (200, b"facts")


@pytest.mark.threat("T30")
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/metrics", "/ui/x"])
async def test_it_answers_to_no_other(path: str) -> None:
    before = ORDER.refused["CONTROL_REFUSED"]
    status, said = await asked(path, "evil.example:8081")
    assert status == 403
    assert ORDER.refused["CONTROL_REFUSED"] == before + 1
    assert b"evil.example" in said
    assert b"localhost" in said


@pytest.mark.parametrize("path", OPEN)
async def test_balancers_may_call_it_what_they_like(path: str) -> None:
    assert (await asked(path, "relays.example"))[0] == 200
