"""Alarms reach a real HTTP receiver that fails first; one receiver's fault is nobody else's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from structlog.testing import capture_logs

from relay.annunciator import Annunciator, signature
from relay.annunciator.hook import Hook, Recipient
from relay.channel import Channel
from relay.store.memory import MemoryStore
from relay.system_clock import SystemClock
from tests.courier.misbehaving import served
from tests.door import RULES
from tests.server.wire import eventually

SECRET = "a secret of the operator"


@dataclass(slots=True)
class Office:
    """A receiver: `answers` are its next statuses, then 204 for ever."""

    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append((headers, await request.read()))
        status = self.answers.pop(0) if self.answers else 204
        where = {"location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers={"retry-after": "0", **where})

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]


@asynccontextmanager
async def office(*answers: int) -> AsyncIterator[Office]:
    found = Office(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/hooks/relay"
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def watched(
    *receivers: Recipient, grace: int = 0
) -> AsyncIterator[tuple[Annunciator, Channel]]:
    """An annunciator over one channel that nobody delivers."""
    clock = SystemClock()
    channel = Channel("news", MemoryStore(), RULES, clock)
    await channel.open()
    watch = Annunciator({"news": channel}, receivers, clock, every=0.05, grace=grace)
    watch.open()
    try:
        yield watch, channel
    finally:
        await watch.close()
        await channel.close()


async def test_a_receiver_that_fails_first_hears_it_all_in_order(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    with capture_logs() as log:
        async with office(500, 302) as noc:
            receiver = Recipient("noc", noc.url, secret)
            async with watched(receiver) as (watch, channel):
                assert await eventually(lambda: len(noc.came) == 1)
                channel.gaps["video-150000"] = 2
                assert await eventually(lambda: len(noc.came) >= 4)
                (hook,) = watch.hooks
                assert await eventually(lambda: hook.outbox.waiting == 0)
                assert (hook.outbox.sent, hook.outbox.failed, hook.outbox.lost) == (2, 2, 0)
    ids = [headers["webhook-id"] for headers, _ in noc.came]
    assert ids[0] == ids[1] == ids[2] != ids[3], "the same one, until it is taken"
    for headers, body in noc.came:
        stamp = int(headers["webhook-timestamp"])
        signed = signature.headers(SECRET, headers["webhook-id"], stamp, body)
        assert headers["webhook-signature"] == signed["webhook-signature"]
        assert headers["content-type"] == "application/json"
    down, gap = noc.told[2], noc.told[3]
    assert (down["type"], down["data"]["code"]) == ("alarm.raised", "CHANNEL_DOWN")
    assert gap["data"] | {"id": 0, "since": 0} == {
        "id": 0,
        "code": "TIMELINE_GAP",
        "channel": "news",
        "subject": "video-150000",
        "sentence": "video-150000: nobody delivered fragments in time",
        "measured": "2 fragments",
        "configured": "0 fragments",
        "grave": True,
        "since": 0,
        "until": None,
        "acknowledged": None,
    }
    codes = [line["code"] for line in log if "webhook" in line]
    assert codes == ["WEBHOOK_FAILED", "WEBHOOK_RECOVERED"], "one line for a change"
    assert SECRET not in str(log)


async def test_the_end_is_told_too_and_codes_choose() -> None:
    async with office() as noc:
        receiver = Recipient("noc", noc.url, codes=frozenset({"STORE_DEGRADED"}))
        clock = SystemClock()
        hook = Hook(receiver, "relay-1", clock)
        hook.open()
        hook.tell("raised", "CHANNEL_DOWN", {"id": 1})
        hook.tell("raised", "STORE_DEGRADED", {"id": 2})
        hook.tell("cleared", "STORE_DEGRADED", {"id": 2, "until": 5})
        assert await eventually(lambda: len(noc.came) == 2)
        await hook.close()
    assert [told["type"] for told in noc.told] == ["alarm.raised", "alarm.cleared"]
    assert [told["data"]["id"] for told in noc.told] == [2, 2]
    assert {told["relay"] for told in noc.told} == {"relay-1"}
    assert "webhook-signature" not in noc.came[0][0]


async def test_a_receiver_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    nowhere = Recipient("secretless", "http://127.0.0.1:9/x", tmp_path / "absent")
    with capture_logs() as log:
        async with office() as noc:
            receivers = (
                Recipient("deaf", f"http://127.0.0.1:{port}/"),
                nowhere,
                Recipient("noc", noc.url),
            )
            async with watched(*receivers) as (watch, _):
                assert await eventually(lambda: len(noc.came) == 1)
                assert await eventually(lambda: watch.hooks[1].outbox.failed > 0)
                assert watch.hooks[0].outbox.waiting == 1
    server.close()
    await server.wait_closed()
    (failed,) = [line for line in log if line.get("webhook") == "secretless"]
    assert failed["code"] == "WEBHOOK_FAILED"
    assert "absent" in failed["reason"]


async def test_a_receiver_that_speaks_no_http_shows_no_secret_of_its_url() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/2 200 OK\r\n\r\n")
        await writer.drain()

    async with served(babble) as (host, port):
        receiver = Recipient("noc", f"http://{host}:{port}/?key=SECRET")
        with capture_logs() as logs:
            async with watched(receiver):
                assert await eventually(
                    lambda: any(line.get("code") == "WEBHOOK_FAILED" for line in logs)
                )
    assert "SECRET" not in str(logs)


async def test_nobody_misses_encoders_right_after_a_start() -> None:
    async with watched(grace=60_000) as (watch, channel):
        channel.gaps["a"] = 1
        assert await eventually(lambda: bool(watch.history.standing))
        assert {key.code for key in watch.history.standing} == {"TIMELINE_GAP"}
