"""The house as one: what it opens in which order, what keeps it from opening, and how it ends."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from relay.app import House, run
from relay.config import ChannelTable, Config, StoreTable
from relay.config.entrance import ServerTable
from relay.errors import OperatorError, PortBusy, RelayError, StoreBusy
from relay.media import Pin
from relay.store.disk import DiskStore
from tests.door import PATH, TRACK, chunked, header, request, shown, video
from tests.server.wire import Answer, Census, chunk, connected, eventually

FREE = "127.0.0.1:0"


def config(
    path: Path, *names: str, listen: str = FREE, admin: str = FREE, kind: str = "disk"
) -> Config:
    return Config.model_validate(
        {
            "server": ServerTable(listen=listen, admin=admin),
            "store": StoreTable.model_validate({"kind": kind, "path": path, "durable": False}),
            "channels": {
                name: ChannelTable(fragment_duration=Fraction(2)) for name in names or ("news",)
            },
        }
    )


@asynccontextmanager
async def opened(settings: Config) -> AsyncIterator[House]:
    house = House(settings)
    try:
        await house.open()
        yield house
    finally:
        await house.close()


async def get(address: tuple[str, int], path: str) -> Answer:
    async with connected(address) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return await client.answer()


async def push(address: tuple[str, int], first: int, stop: int, path: str = PATH) -> Answer:
    body = header() + b"".join(video(index) for index in range(first, stop))
    async with connected(address) as client:
        await client.send(request(path) + chunked(body) + b"0\r\n\r\n")
        return await client.answer()


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as trying:
        return trying.connect_ex((host, int(port))) == 0


async def settled(before: set[asyncio.Task[None]]) -> bool:
    return await eventually(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_in_by_one_door_and_out_by_the_other(tmp_path: Path, kind: str) -> None:
    async with opened(config(tmp_path, kind=kind)) as house:
        listen, admin = house.addresses
        assert (await get(admin, "/readyz")).status == 200
        assert (await push(listen, 0, 3)).line == "HTTP/1.1 200 OK"
        assert await eventually(lambda: bool(house.channels["news"].presentation.renditions))
        playlist = await get(listen, "/news.isml/master.m3u8")
        assert playlist.status == 200
        assert playlist.body.startswith(b"#EXTM3U")
        assert f"{TRACK}/".encode() in playlist.body
        assert (await get(listen, f"/news.isml/{TRACK}/1.m4s")).status == 200
        assert (await get(listen, f"/news.isml/{TRACK}/9.m4s")).status == 404
        status = json.loads((await get(admin, "/api/v1/status")).body)
        assert status["channels"]["news"]["tracks"][0]["last"] == 2


async def test_the_doors_are_apart(tmp_path: Path) -> None:
    """Nothing of the operator's is on the public port, and no media goes in or out on his."""
    async with opened(config(tmp_path)) as house:
        listen, admin = house.addresses
        for path in ("/livez", "/readyz", "/api/v1/status"):
            assert (await get(listen, path)).status == 404
            assert (await get(admin, path)).status == 200
        assert (await push(admin, 0, 1)).status in {404, 405}
        assert (await get(admin, "/news.isml/master.m3u8")).status == 404


async def test_a_house_that_is_opened_again_shows_what_it_had(tmp_path: Path) -> None:
    playlist = f"/news.isml/{TRACK}/index.m3u8"
    bodies: list[bytes] = []
    for first, stop in ((0, 4), (2, 6)):
        async with opened(config(tmp_path)) as house:
            listen, _ = house.addresses
            if bodies:
                assert (await get(listen, playlist)).body == bodies[-1]
            assert (await push(listen, first, stop)).status == 200
            await shown(house.channels["news"], range(stop))
            bodies.append((await get(listen, playlist)).body)
    assert bodies[0] != bodies[1]


async def test_the_stores_are_replayed_before_the_doors_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    owner = await DiskStore.open(tmp_path, "second")
    house = House(config(tmp_path, "first", "second", listen=address))
    with pytest.raises(StoreBusy) as busy:
        await house.open()
    assert not listens(address)
    assert busy.value.exit_code == 75
    assert "second" in busy.value.message
    await house.close()
    await owner.close()
    async with opened(config(tmp_path, "first", "second", listen=address)):
        assert listens(address)
    assert not listens(address)


@pytest.mark.parametrize("which", ["listen", "admin"])
async def test_a_busy_port_is_named_and_nothing_stays_open(
    tmp_path: Path, taken: str, which: str
) -> None:
    before = asyncio.all_tasks()
    census = Census()
    settings = config(tmp_path, **{which: taken})
    house = House(settings)
    with pytest.raises(PortBusy) as busy:
        await house.open()
    assert busy.value.exit_code == 75
    assert taken in busy.value.message
    assert "in use" in busy.value.message
    assert busy.value.hint
    await house.close()
    assert await settled(before)
    assert await census.restored()
    async with opened(config(tmp_path)):
        pass  # its store is free again


async def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    house = House(config(tmp_path, listen="192.0.2.1:80"))
    with pytest.raises(PortBusy, match=r"192\.0\.2\.1:80"):
        await house.open()
    await house.close()


async def test_a_store_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    house = House(config(tmp_path / "file"))
    with pytest.raises(OperatorError) as failed:
        await house.open()
    assert str(tmp_path / "file") in failed.value.message
    assert failed.value.hint
    await house.close()


async def test_a_replay_that_fails_leaves_the_store_free(tmp_path: Path) -> None:
    store = await DiskStore.open(tmp_path, "news")
    await store.put(Pin("header/main", b"no header"))
    await store.close()
    house = House(config(tmp_path))
    with pytest.raises(RelayError):
        await house.open()
    await house.close()
    await (await DiskStore.open(tmp_path, "news")).close()


async def test_closing_answers_open_posts_and_leaves_nothing(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    census = Census()
    house = House(config(tmp_path))
    await house.open()
    listen, admin = house.addresses
    async with connected(listen) as edge, connected(listen) as inside, connected(admin) as idle:
        await edge.send(request(PATH) + chunk(header()) + chunked(video(0)))
        await inside.send(request("/news.isml/Streams(b)") + chunk(header() + video(0)[:5_000]))
        channel = house.channels["news"]
        assert await eventually(lambda: channel.header_of("b") is not None)
        await shown(channel, [0])
        closing = asyncio.create_task(house.close())
        for client in (edge, inside):
            answer = await client.answer()
            assert (answer.status, answer.fields["connection"]) == (503, "close")
        assert await idle.closed()
        assert not closing.done()
    await closing
    assert await settled(before)
    assert await census.restored()
    store = await DiskStore.open(tmp_path, "news")
    assert store.find(TRACK, 0, 0) is not None
    await store.close()


async def test_a_signal_ends_the_run(tmp_path: Path) -> None:
    seen: list[House] = []

    def opened_now(house: House) -> None:
        seen.append(house)
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)

    async with asyncio.timeout(10):
        await run(config(tmp_path), opened_now)
    (house,) = seen
    assert not any(listens(f"{host}:{port}") for host, port in house.addresses)
    await (await DiskStore.open(tmp_path, "news")).close()


async def test_a_run_that_cannot_start_raises_and_leaves_the_store_free(
    tmp_path: Path, taken: str
) -> None:
    seen: list[House] = []
    with pytest.raises(PortBusy):
        await run(config(tmp_path, listen=taken), seen.append)
    assert not seen
    await (await DiskStore.open(tmp_path, "news")).close()
