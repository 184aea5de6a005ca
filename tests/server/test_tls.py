"""TLS on a listener: who is let in, what the application is told, and what an attacker gets."""

import asyncio
import json
import shutil
import socket
import ssl
import struct
import subprocess
from typing import Any

import pytest

from relay.server.tls import Tls
from tests.certificates.keys import AUTHORITY, client, files, fingerprint
from tests.server.wire import (
    CHUNKED,
    GET,
    Census,
    chunk,
    connected,
    echo,
    eventually,
    forbid,
    give,
    serving,
)

Address = tuple[str, int]


async def told(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what the application knows of the connection."""
    known = {"scheme": scope["scheme"], **scope["extensions"].get("tls", {})}
    await give(send, 200, json.dumps(known).encode())


async def ask(address: Address, context: ssl.SSLContext | None) -> dict[str, Any] | None:
    """What the application knows of a client; None: it was not let in."""
    try:
        async with connected(address, context) as asking:
            await asking.send(GET)
            answer = await asking.answer()
    except (OSError, asyncio.IncompleteReadError):
        return None
    found: dict[str, Any] = json.loads(answer.body)
    return found


def hello(version: int) -> bytes:
    """A ClientHello for a version up to 1.2, with what servers of then and now understand."""
    suites = struct.pack(">5H", 0xC02B, 0xC009, 0xC00A, 0xC013, 0x002F)
    extensions = struct.pack(">HHHH", 10, 4, 2, 23) + struct.pack(">HHHH", 13, 4, 2, 0x0403)
    body = struct.pack(">H32sB", version, bytes(range(32)), 0) + struct.pack(">H", len(suites))
    body += suites + b"\x01\x00" + struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return struct.pack(">BHH", 0x16, 0x0301, len(message)) + message


async def test_an_application_knows_that_it_is_tls() -> None:
    async with serving(told, tls=Tls(files())) as address:
        known = await ask(address, client("enc_a"))
        assert known == {"scheme": "https", "version": "TLSv1.3", "names": [], "sha256": ""}
    async with serving(told) as address:
        assert await ask(address, None) == {"scheme": "http"}


async def test_a_verified_client_is_known_by_its_certificate() -> None:
    async with serving(told, tls=Tls(files(ask=True))) as address:
        known = await ask(address, client("enc_a"))
        assert known is not None
        assert known["names"] == ["enc_a", "enc-a.example"]
        assert known["sha256"] == fingerprint("enc_a")
        assert fingerprint("enc_a") != fingerprint("enc_b")


@pytest.mark.threat("T32")
@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
async def test_a_bad_certificate_is_worse_than_none(
    required: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not ours, no longer valid, taken back: no request of it reaches the application."""
    async with serving(told, tls=Tls(files(ask=True, required=required))) as address:
        census = Census()
        for name in ("stranger", "expired", "revoked"):
            assert await ask(address, client(name)) is None, name
        assert 1 <= caplog.text.count("No TLS handshake") <= 3, "a line a second"
        without = await ask(address, client())
        assert (without is None) is required
        assert required or (without is not None and without["names"] == [])
        assert await ask(address, client("enc_a")) is not None
        assert await census.restored()


@pytest.mark.threat("T32")
@pytest.mark.parametrize("version", [0x0300, 0x0301, 0x0302], ids=["SSL3", "TLS1.0", "TLS1.1"])
async def test_an_old_version_is_refused(version: int, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(told, tls=Tls(files())) as address, connected(address) as old:
        await old.send(hello(version))
        assert await old.ended()
    assert "unsupported protocol" in caplog.text or "version too low" in caplog.text
    async with serving(told, tls=Tls(files())) as address, connected(address) as new:
        await new.send(hello(0x0303))
        assert (await asyncio.wait_for(new.reader.read(100), 10))[:1] == b"\x16"


@pytest.mark.threat("T32")
@pytest.mark.parametrize("suite", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"])
async def test_a_cipher_without_forward_secrecy_or_seal_is_refused(suite: str) -> None:
    context = client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(told, tls=Tls(files())) as address:
        assert await ask(address, context) is not None
        context.set_ciphers(suite)
        assert await ask(address, context) is None


@pytest.mark.threat("T32")
async def test_nobody_renegotiates() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    async with serving(told, tls=Tls(files())) as (host, port):
        command = ["openssl", "s_client", "-tls1_2", "-CAfile", str(AUTHORITY)]
        asking = await asyncio.create_subprocess_exec(
            *(*command, "-connect", f"{host}:{port}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(asking.communicate(b"R\nGET / HTTP/1.1\r\n\r\n"), 20)
    assert b"Verify return code: 0" in said
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said


@pytest.mark.threat("T32", "T21")
async def test_what_is_no_tls_ends_and_others_go_on() -> None:
    async with serving(told, tls=Tls(files())) as address:
        census = Census()
        for rubbish in (GET, b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"\0" * 70_000):
            async with connected(address) as plain:
                await plain.send(rubbish)
                assert await plain.ended(), rubbish[:9]
        assert await ask(address, client()) is not None
        assert await census.restored()


async def test_http2_is_not_negotiated() -> None:
    context = client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        serving(told, tls=Tls(files())) as address,
        connected(address, context) as asking,
    ):
        assert asking.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"


@pytest.mark.threat("T18", "T32")
async def test_a_handshake_has_its_time_and_no_more() -> None:
    """Silence, half a ClientHello, and one byte after the other."""
    half = hello(0x0303)
    census = Census()
    async with serving(told, tls=Tls(files()), handshake_seconds=0.5) as address:
        for sent in (b"", half[:40]):
            async with connected(address) as slow:
                await slow.send(sent)
                assert await slow.ended()

        async with connected(address) as slow:
            dripping = asyncio.create_task(_drip(slow, half[:60]))
            assert await slow.ended()
            dripping.cancel()
            await asyncio.wait({dripping})
        assert await ask(address, client()) is not None
    assert await census.restored()


async def _drip(slow: Any, data: bytes) -> None:
    for at in range(len(data)):
        await slow.send(data[at : at + 1])
        await asyncio.sleep(0.05)


async def test_an_early_answer_arrives_and_leaves_nothing() -> None:
    async with serving(forbid, tls=Tls(files())) as address:
        assert await ask(address, None) is None
        census = Census()
        async with connected(address, client()) as pushing:
            await pushing.send(CHUNKED + chunk(bytes(300_000)))
            assert (await pushing.answer()).status == 403
            assert await pushing.ended()
        assert await census.restored()


async def test_a_long_body_goes_both_ways() -> None:
    data = bytes(range(256)) * 8_000
    async with serving(echo, tls=Tls(files())) as at, connected(at, client()) as pushing:
        await pushing.send(CHUNKED + chunk(data) + b"0\r\n\r\n")
        assert (await pushing.answer()).body == data


async def test_a_body_that_is_cut_off_is_no_end() -> None:
    """An attacker on the way may cut the bytes, but not end the body."""
    ends: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive()).get("more_body"):
            pass
        ends.append(message["type"])

    async with serving(app, tls=Tls(files())) as at, connected(at, client()) as pushing:
        await pushing.send(CHUNKED + chunk(b"moof"))
        pushing.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        assert await eventually(lambda: ends == ["http.disconnect"])
