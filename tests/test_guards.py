"""The whole house with its guards: TLS and a plain port, a front end, a token, and the counters."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from relay.app import House
from relay.config import Config
from tests.certificates.keys import AUTHORITY, client, fingerprint, pem
from tests.door import LAST, PATH, TRACK, chunked, header, request, shown, video
from tests.server.wire import Answer, connected

FREE = "127.0.0.1:0"
TOKEN = "token-of-the-viewers"
BODY = chunked(header() + video(0) + video(1)) + LAST


def settings(tmp_path: Path, **more: Any) -> Config:
    (tmp_path / "token").write_text(TOKEN)
    source = {"certificate": f"sha256:{fingerprint('enc_a')}"}
    news = {
        "fragment_duration": "2",
        "sources": {"enc_a": source},
        "playback_token_file": tmp_path / "token",
    }
    told = {
        "server": {"listen": FREE, "admin": FREE},
        "store": {"kind": "memory"},
        "channels": {"news": news},
    }
    return Config.model_validate({**told, **more})


TLS = {"cert_file": pem("server"), "client_ca_file": AUTHORITY}
FRONT_END = {
    "addresses": ["127.0.0.9"],
    "address_header": "X-Real-IP",
    "sha256_header": "X-Client-SHA256",
}


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[House]:
    house = House(config)
    try:
        await house.open()
        yield house
    finally:
        await house.close()


async def asked(address: tuple[str, int], data: bytes, **how: Any) -> Answer:
    async with connected(address, **how) as asking:
        await asking.send(data)
        return await asking.answer()


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


@pytest.mark.threat("T32")
async def test_a_relay_with_tls_speaks_nothing_else_but_on_its_plain_port(tmp_path: Path) -> None:
    config = settings(tmp_path, tls={**TLS, "plain": FREE})
    async with opened(config) as house:
        _, plain = house.playback
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await asked(house.addresses[0], get("/news.isml/state"))
        assert (await asked(plain, get("/news.isml/state"))).status == 200
        refused = await asked(plain, request(PATH) + BODY)
        assert (refused.status, json.loads(refused.body)["code"]) == (403, "INGEST_FORBIDDEN")
        answer = await asked(house.addresses[0], request(PATH) + BODY, tls=client("enc_a"))
        assert answer.status == 200
        await shown(house.channels["news"], [0, 1])
        assert {source for source, _ in house.channels["news"].tally.last} == {"enc_a"}
        playlist = get(f"/{TOKEN}/news.isml/{TRACK}/index.m3u8")
        assert (await asked(house.addresses[0], playlist, tls=client())).status == 200
        assert (await asked(house.addresses[0], get("/news.isml/.mpd"), tls=client())).status == 401
        status = json.loads((await asked(house.addresses[1], get("/api/v1/status"))).body)
        assert status["handshakes_failed"] == 1
        assert status["players_rejected"] == {"PLAYBACK_UNAUTHORIZED": 1}
        assert status["rejected"] == {"INGEST_FORBIDDEN": 1}
        metrics = (await asked(house.addresses[1], get("/metrics"))).body.decode()
        assert "relay_tls_handshakes_failed_total 1.0" in metrics
        assert "relay_playback_unauthorized_total 1.0" in metrics
        assert TOKEN not in metrics + str(status)


@pytest.mark.threat("T03", "T32")
async def test_a_front_end_says_whose_certificate_it_was_and_nobody_else_does(
    tmp_path: Path,
) -> None:
    said = f"X-Client-SHA256: {fingerprint('enc_a').upper()}"
    async with opened(settings(tmp_path, front_end=FRONT_END)) as house:
        direct = await asked(house.addresses[0], request(PATH, said) + BODY)
        assert direct.status == 403
        here = ("127.0.0.9", 0)
        twice = await asked(house.addresses[0], request(PATH, said, said) + BODY, local_addr=here)
        assert twice.status == 403
        fields = (said, "X-Real-IP: 203.0.113.7")
        through = await asked(house.addresses[0], request(PATH, *fields) + BODY, local_addr=here)
        assert through.status == 200
        await shown(house.channels["news"], [0, 1])
        assert {source for source, _ in house.channels["news"].tally.last} == {"enc_a"}


async def test_the_page_plays_with_a_token_of_its_own(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, tls=TLS)) as house:
        async with connected(house.addresses[1]) as page:
            await page.send(get("/api/v1/events"))
            async with asyncio.timeout(10):
                while not (line := await page.reader.readline()).startswith(b"data:"):
                    pass
        board = json.loads(line.removeprefix(b"data:"))["board"]
        assert (board["secure"], board["folder"]) == (True, house.guards.page)
        assert TOKEN not in line.decode()
        assert (
            await asked(
                house.addresses[0],
                get(f"/{board['folder']}/news.isml/master.m3u8"),
                tls=client(),
            )
        ).status == 404, "there is nothing yet, but it may ask"
