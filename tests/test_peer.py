"""A relay that joins later asks another one how it numbers, and believes no more than it may."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from packagers import pins
from relay import peer
from relay.app import House
from relay.media import Member, Pin
from relay.peer import join
from relay.rules import Rules
from relay.runs import Run
from relay.store.memory import MemoryStore
from tests.door import TRACK, shown
from tests.operating import PLAIN, get, opened, order, push
from tests.server.wire import eventually

LEARNT: dict[str, object] = {}
RUN = Run(1, 5, 5, 1_795_000_000)


def url(house: House) -> str:
    host, port = house.addresses[0]
    return f"http://{host}:{port}"


def codes(house: House) -> list[str]:
    return [event.code for event in house.channels["news"].journal.events.values()]


async def playlist(house: House) -> list[str]:
    return (await get(house, f"/news.isml/{TRACK}/index.m3u8")).body.decode().splitlines()


async def dated(house: House) -> dict[str, str]:
    """The PROGRAM-DATE-TIME of each segment that has one right before it."""
    lines = await playlist(house)
    date, found = "", {}
    for line in lines:
        if line.startswith("#EXT-X-PROGRAM-DATE-TIME"):
            date = line
        elif not line.startswith("#"):
            found[line], date = date, ""
    return found


@asynccontextmanager
async def old_hand() -> AsyncIterator[House]:
    """A relay that has learnt its grid from a local timeline, and has seen an encoder restart."""
    async with opened({"news": LEARNT}) as house:
        assert (await push(house, 0, 4)).status == 200
        await shown(house.channels["news"], range(4))
        await house.channels["news"].store.put(RUN.pin())
        assert await eventually(lambda: house.channels["news"].presentation.breaks == (5,))
        yield house


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_it_numbers_and_dates_as_its_peer_does(tmp_path: Path, kind: str) -> None:
    joining = {"news": LEARNT | {"patience": 0}}
    async with old_hand() as one:
        joining["news"]["peer"] = url(one)
        async with opened(joining, tmp_path if kind == "disk" else None) as two:
            channel = two.channels["news"]
            assert "PEER_JOINED" in codes(two)
            assert not channel.alone
            for house in (one, two):
                assert (await push(house, 1, 4)).status == 200
            await shown(channel, [6, 7, 8])
            assert await eventually(
                lambda: bool(one.channels["news"].presentation.renditions[0].find(8))
            )
            of_one, of_two = await dated(one), await dated(two)
            assert list(of_two) == [f"{n}.m4s" for n in (6, 7, 8)]
            assert {name: of_one[name] for name in of_two} == of_two
            assert all(of_two.values())
            assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in await playlist(two)
            assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" not in await playlist(one)
            assert (await playlist(one)).count("#EXT-X-DISCONTINUITY") == 1
    if kind == "disk":
        # Its peer is gone; what it took is in its own store now.
        async with opened(joining, tmp_path) as again:
            assert again.channels["news"].presentation.epochs == (RUN.epoch,)
            assert not [code for code in codes(again) if code.startswith("PEER_")]
            assert not again.channels["news"].alone


async def test_a_peer_that_is_down_is_told_and_flagged_and_mended_by_a_reset(
    tmp_path: Path,
) -> None:
    async with old_hand() as one:
        address = url(one)
    joining: dict[str, dict[str, object]] = {"news": {"peer": address}}
    async with opened(joining, tmp_path) as two:
        assert "PEER_UNREACHABLE" in codes(two)
        channel = two.channels["news"]
        assert not channel.alone  # nothing has been numbered yet
        assert (await push(two, 0, 3)).status == 200
        await shown(channel, range(3))
        assert channel.alone
        status = json.loads((await get(two, "/api/v1/status", admin=True)).body)
        assert status["channels"]["news"]["alone"] is True
    async with old_hand() as one:
        joining["news"]["peer"] = url(one)
        async with opened(joining, tmp_path) as two:
            assert "PEER_JOINED" not in codes(two)  # its own numbers stay
            assert two.channels["news"].alone
            path = "/api/v1/channels/news/reset"
            assert (await order(two, path, {"join": 1}))[0] == 400
            assert (await order(two, path, {"join": True}))[0] == 200
            assert not two.channels["news"].alone
            assert two.channels["news"].presentation.epochs == (RUN.epoch,)
            assert codes(two)[-2:] == ["CHANNEL_RESET", "PEER_JOINED"]
            # Without it a timeline of its own begins, and a restart does not change that.
            await two.reset("news")
            assert two.channels["news"].presentation.epochs == ()
        async with opened(joining, tmp_path) as two:
            assert two.channels["news"].presentation.epochs == ()
            assert (await push(two, 0, 3)).status == 200
            await shown(two.channels["news"], range(3))
            assert not two.channels["news"].alone


async def test_who_has_no_peer_cannot_join_it() -> None:
    async with opened({"news": PLAIN}) as house:
        code, said = await order(house, "/api/v1/channels/news/reset", {"join": True})
        assert (code, said["detail"]) == (409, "news has no peer to join.")


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
ENDLESS = HEAD + b"\r\n "
"""The beginning of a body that has no end."""
GOOD = json.dumps(
    {
        "channel": "news",
        "pins": [
            {
                "name": "grid",
                "value": '{"D": "2", "phase": "0", "base": 0, "learnt": false, "epoch": 7}',
            }
        ],
    }
).encode()


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """Somebody who answers every request with these bytes; None: not at all."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await gone.wait()
            writer.write(length(GOOD) if b" /good " in asked else answer or b"")
            await writer.drain()
            while answer == ENDLESS:
                writer.write(b" " * 65_536)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/below"
        gone.set()


async def asked(answer: bytes | None, **rules: object) -> tuple[str, list[Member]]:
    store = MemoryStore()
    async with answering(answer) as address:
        told = await join(store, "news", Rules(peer=address, **rules))  # type: ignore[arg-type]
    assert told is not None
    assert told.grave is (told.code not in ("PEER_JOINED", "PEER_EMPTY"))
    assert told.text.isprintable()
    return told.code, list(store.follow().past)


def length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_a_peer_that_answers_well() -> None:
    for answer in (length(GOOD), HEAD + b"\r\n" + GOOD):
        code, members = await asked(answer)
        assert code == "PEER_JOINED"
        assert [member.name for member in members if isinstance(member, Pin)] == ["peer", "grid"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "PEER_UNREACHABLE"),
        (b"", "PEER_UNREACHABLE"),
        (b"SSH-2.0\r\n", "PEER_UNREACHABLE"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "PEER_UNREACHABLE"),
        (b"HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n", "PEER_UNREACHABLE"),
        (HEAD + b"Content-Length: 900\r\n\r\n" + GOOD, "PEER_UNREACHABLE"),
        (ENDLESS, "PEER_INVALID"),
        (length(b"<html>"), "PEER_INVALID"),
        (length(b"\x1f\x8b"), "PEER_INVALID"),
        (length(b" " * (pins.LARGEST + 1)), "PEER_INVALID"),
        (HEAD + b"\r\n" + b" " * (pins.LARGEST + 1), "PEER_INVALID"),
        (length(GOOD.replace(b'\\"2\\"', b'\\"1e9\\"')), "PEER_INVALID"),
        (length(b'{"channel": "news", "pins": []}'), "PEER_EMPTY"),
    ],
)
async def test_peers_of_whom_nothing_is_taken(answer: bytes | None, code: str) -> None:
    assert await asked(answer) == (code, [])


@pytest.mark.parametrize("rules", [{"duration": Fraction(48, 25)}, {"base": 1}, {"anchor": "utc"}])
async def test_a_peer_that_contradicts_the_configuration(rules: dict[str, object]) -> None:
    assert await asked(length(GOOD), **rules) == ("PEER_DIFFERS", [])


async def test_who_is_not_asked() -> None:
    async with answering(length(GOOD)) as address:
        for known in (Pin("grid", b"{}"), peer.NOBODY):
            store = MemoryStore()
            await store.put(known)
            assert await join(store, "news", Rules(peer=address)) is None
            assert list(store.follow().past) == [known]
        assert await join(MemoryStore(), "news", Rules()) is None
        store = MemoryStore()
        await store.put(Pin("peer", b"http://elsewhere"))  # killed while it joined
        assert (await join(store, "news", Rules(peer=address))) is not None
        assert len(store.follow().past) == 2
