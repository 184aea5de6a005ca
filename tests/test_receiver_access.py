"""Pushes that have to say who they are, on a real socket."""

import json
from collections.abc import AsyncIterator
from ipaddress import ip_network

import aiohttp
import pytest
from yarl import URL

from relay.access import Credentials, Gate
from relay.access.tries import Tries
from relay.courier.access import Access
from relay.courier.probe import probe
from relay.courier.wire import Wire
from tests.door import PATH, Door, header, opened, shown, video

TOKEN = "a-token-of-twenty-ch"
SOURCES = {
    "enc_a": Credentials(token=TOKEN),
    "enc_b": Credentials(user="b", password="sesame"),
    "enc_c": Credentials(networks=(ip_network("192.0.2.0/24"),)),
}


def gates() -> dict[str, Gate]:
    return {"news": Gate(SOURCES, b"key", Tries())}


def body(*indexes: int) -> bytes:
    return header() + b"".join(map(video, indexes))


@pytest.mark.threat("T01")
async def test_a_stranger_is_refused_before_its_body_is_read_and_leaves_nothing() -> None:
    async with opened(gates=gates()) as door:
        for data in (b"", body(0)):
            answer = await door.push(PATH, data)
            assert answer.status == 401
            assert answer.fields["connection"] == "close"
            told = json.loads(answer.body)
            assert (told["code"], told["status"]) == ("INGEST_UNAUTHORIZED", 401)
            assert "token" in told["hint"]
        assert door.untouched()
        assert door.rejected == {"INGEST_UNAUTHORIZED": 2}


@pytest.mark.requirement("HTTP-1a")
async def test_every_challenge_is_made() -> None:
    async with (
        opened(gates=gates()) as door,
        aiohttp.ClientSession() as session,
        session.post(url(door, PATH), data=b"") as answer,
    ):
        challenges = answer.headers.getall("www-authenticate")
    assert [said.split()[0] for said in challenges] == ["Digest", "Digest", "Basic", "Bearer"]


@pytest.mark.parametrize("path", [f"{PATH}?token={TOKEN}", f"/live/{TOKEN}{PATH}"])
async def test_a_token_in_the_url_is_in_no_log(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(gates=gates()) as door:
        assert (await door.push(path, body(0))).status == 200
        assert (await door.push(path, b"rubbish")).status == 400
        await shown(door.channel, [0])
        assert {source for source, _ in door.channel.tally.last} == {"enc_a"}
        assert (await door.push(path.replace("news", "sport"), b"rubbish")).status == 404
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    assert "refused" in said.out + said.err


@pytest.mark.requirement("HTTP-1a", "HTTP-2a")
async def test_a_client_of_others_negotiates_digest_on_the_empty_post() -> None:
    """What it has settled there carries the long POST behind it, which cannot be sent twice."""
    digest = aiohttp.DigestAuthMiddleware("b", "sesame", preemptive=True)
    async with opened(gates=gates()) as door, aiohttp.ClientSession(middlewares=[digest]) as client:
        async with client.post(url(door, PATH), data=b"") as answer:
            assert answer.status == 200

        async def once() -> AsyncIterator[bytes]:
            for part in (header(), video(0), video(1)):
                yield part

        async with client.post(url(door, PATH), data=once()) as answer:
            assert answer.status == 200
        await shown(door.channel, [0, 1])
        assert {source for source, _ in door.channel.tally.last} == {"enc_b"}


async def test_our_own_courier_negotiates_digest() -> None:
    async with opened(gates=gates()) as door:
        good = await probe(Wire(), yarl(door), Access(user="b", password="sesame"), {})
        assert good.answer.status == 200
        assert good.digest is not None
        bad = await probe(Wire(), yarl(door), Access(user="b", password="open"), {})
        assert bad.answer.status == 401


@pytest.mark.threat("T02")
async def test_one_that_guesses_waits_and_another_source_is_not_hurt() -> None:
    async with opened(gates=gates()) as door:
        for _ in range(10):
            answer = await door.push(PATH, b"", "Authorization: Basic YjpndWVzcw==")
            assert answer.status == 401
        answer = await door.push(PATH, b"", "Authorization: Basic YjpndWVzcw==")
        assert (answer.status, answer.fields["retry-after"]) == (429, "60")
        assert json.loads(answer.body)["code"] == "INGEST_TRIES"


async def test_the_name_of_another_is_refused() -> None:
    async with opened(gates=gates()) as door:
        field = f"Authorization: Bearer {TOKEN}"
        answer = await door.push(f"{PATH}?source=enc_b", body(0), field)
        assert answer.status == 403
        assert json.loads(answer.body)["detail"] == "This is enc_a, and not enc_b."
        assert door.untouched()


def url(door: Door, path: str) -> str:
    return f"http://{door.address[0]}:{door.address[1]}{path}"


def yarl(door: Door) -> URL:
    return URL(url(door, PATH), encoded=True)
