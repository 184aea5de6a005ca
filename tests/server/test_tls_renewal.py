"""TLS that changes while it runs: renewed, revoked, broken, and files that cannot be used."""

import asyncio
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from relay.errors import ConfigInvalid
from relay.server.tls import Files, Tls
from tests.certificates.keys import AUTHORITY, REVOKED, client, files, pem
from tests.server.wire import CHUNKED, GET, chunk, connected, echo, serving

Address = tuple[str, int]


async def comes_in(address: Address, context: ssl.SSLContext) -> bool:
    """Its request is answered."""
    try:
        async with connected(address, context) as asking:
            await asking.send(GET)
            return (await asking.answer()).status == 200
    except (OSError, asyncio.IncompleteReadError):
        return False


async def shown(address: Address) -> str:
    """The fingerprint of what the server shows."""
    async with connected(address, client()) as asking:
        said = asking.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return str(ssl.DER_cert_to_PEM_cert(said))


def begins(name: str) -> str:
    return pem(name).read_text().partition("-----BEGIN EC")[0]


@pytest.mark.fault("F32")
async def test_a_new_certificate_is_shown_to_who_comes_and_others_stay(tmp_path: Path) -> None:
    here = tmp_path / "relay.pem"
    shutil.copy(pem("server"), here)
    tls = Tls(files(cert=here))
    async with serving(echo, tls=tls) as address, connected(address, client()) as pushing:
        await pushing.send(CHUNKED + chunk(b"before "))
        assert await shown(address) == begins("server")
        shutil.copy(pem("renewed"), here)
        tls.reload()
        assert await shown(address) == begins("renewed")
        await pushing.send(chunk(b"after") + b"0\r\n\r\n")
        assert (await pushing.answer()).body == b"before after"


@pytest.mark.fault("F32")
async def test_changed_files_are_found_without_a_word(tmp_path: Path) -> None:
    here = tmp_path / "relay.pem"
    shutil.copy(pem("server"), here)
    async with serving(echo, tls=Tls(files(cert=here), look_seconds=0.1)) as address:
        shutil.copy(pem("renewed"), tmp_path / "new")
        (tmp_path / "new").replace(here)
        async with asyncio.timeout(20):
            while await shown(address) != begins("renewed"):
                await asyncio.sleep(0.1)


async def test_what_cannot_be_used_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = tmp_path / "relay.pem"
    shutil.copy(pem("server"), here)
    tls = Tls(files(cert=here), look_seconds=0.05)
    async with serving(echo, tls=tls) as address:
        here.write_text(begins("renewed"))
        with pytest.raises(ConfigInvalid, match=r"relay\.pem: "):
            tls.reload()
        async with asyncio.timeout(20):
            while "stays in force" not in caplog.text:
                assert await shown(address) == begins("server")
                await asyncio.sleep(0.1)
        for _ in range(5):
            assert await shown(address) == begins("server")
            await asyncio.sleep(0.06)
        assert caplog.text.count("stays in force") == 1
        shutil.copy(pem("renewed"), here)
        async with asyncio.timeout(20):
            while await shown(address) != begins("renewed"):
                await asyncio.sleep(0.1)


async def test_a_certificate_taken_back_is_refused_from_the_reload_on(tmp_path: Path) -> None:
    """Also when it has a session that it could take up again."""
    tls = Tls(Files(pem("server"), client_ca_file=AUTHORITY))
    renewed = Tls(Files(pem("server"), client_ca_file=AUTHORITY, client_crl_file=REVOKED))
    async with serving(echo, tls=tls) as address:
        assert await comes_in(address, client("revoked"))
    async with serving(echo, tls=renewed) as address:
        assert not await comes_in(address, client("revoked"))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda folder: Files(folder / "gone"), "gone: No such file"),
        (lambda folder: Files(pem("server"), folder / "gone"), "gone: No such file"),
        (lambda folder: Files(pem("server"), pem("enc_a")), "key values mismatch"),
        (lambda folder: Files(AUTHORITY), "authority.pem: "),
        (lambda folder: Files(pem("server"), client_ca_file=folder / "gone"), "gone: No such"),
        (lambda folder: Files(pem("server"), client_ca_file=folder / "empty"), "empty: "),
        (lambda folder: Files(pem("server"), folder / "locked"), "locked: has a passphrase"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path: Path, made: Any, says: str) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "locked").write_text(LOCKED)
    with pytest.raises(ConfigInvalid) as caught:
        Tls(made(tmp_path))
    assert says in caught.value.message


LOCKED = """-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,5D3A5C1A5F1C5B6B7A8D9E0F1A2B3C4D

MHcCAQEEIHCe7qUhg7FIcjmDcupBLYXMbUkhX8nI
-----END EC PRIVATE KEY-----
"""
