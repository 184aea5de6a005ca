"""From end to end by TLS: encoders with certificates, a relay, the relay behind it, players.

    relay push, ffmpeg ─https─► hub ─https, its own certificate─► upstream ─https, a token─► ffmpeg

All secrets of the story hold one word; at its end it stands in nothing that either relay has said.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.certificates.keys import AUTHORITY, REVOKED, client, fingerprint, pem
from tests.e2e.conftest import RELAYS
from tests.e2e.encoder import Programme
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess

pytestmark = [pytest.mark.e2e, pytest.mark.threat("T32")]

CANARY = "S3CRET-CANARY"
TOKEN, PASSWORD = f"{CANARY}-of-players", f"{CANARY}-of-enc-c"
LIMIT = 60.0
TLS = f"""[tls]
cert_file = "{pem("server")}"
client_ca_file = "{AUTHORITY}"
client_crl_file = "{REVOKED}"
"""


@dataclass(frozen=True)
class Scene:
    """Both relays run, and the model encoder pushes."""

    hub: RelayProcess
    upstream: RelayProcess
    folder: Path

    def url(self, relay: RelayProcess, path: str) -> str:
        return f"https://127.0.0.1:{relay.port}/{path}"


def status(relay: RelayProcess) -> dict[str, Any]:
    with urlopen(f"{relay.admin_url}/api/v1/status", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def sources(relay: RelayProcess, channel: str = "news") -> list[str]:
    return list(status(relay)["channels"][channel]["sources"])


def trusting(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run an ffmpeg that trusts our authority; of its own options, HLS hands none on."""
    trust = {**os.environ, "SSL_CERT_FILE": str(AUTHORITY)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=trust
    )


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def upstream(scene: Scene) -> dict[str, Any]:
    told: dict[str, Any] = status(scene.hub)["channels"]["news"]["upstreams"]["eu"]
    return told


@pytest.fixture(scope="module")
def scene(loop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "playback").write_text(TOKEN)
    (folder / "password").write_text(PASSWORD)
    with ExitStack() as stack:

        def start(name: str, channels: dict[str, dict[str, object]]) -> RelayProcess:
            relay = RelayProcess(tmp_path_factory.mktemp(name), channels, TLS)
            RELAYS.append(relay)
            return stack.enter_context(relay)

        upstream = start(
            "upstream",
            {
                "news": {
                    "fragment_duration": "1.92",
                    "playback_token_file": str(folder / "playback"),
                    "sources": {"hub": {"certificate": "enc-b.example"}},
                }
            },
        )
        known = {
            "enc_a": {"certificate": "enc-a.example"},
            "enc_b": {"certificate": f"sha256:{fingerprint('enc_b')}"},
            "enc_c": {"username": "c", "password_file": str(folder / "password")},
        }
        up = {
            "url": f"https://127.0.0.1:{upstream.port}/news.isml",
            "cert_file": str(pem("enc_b")),
            "ca_file": str(AUTHORITY),
        }
        hub = start(
            "hub",
            {
                "news": {
                    "fragment_duration": "1.92",
                    "sources": known,
                    "upstreams": {"eu": up},
                },
                "studio": {"fragment_duration": "2", "sources": known},
            },
        )
        url = f"https://127.0.0.1:{hub.port}/news.isml/Streams(main)"
        with Push(loop, url, "enc_a", folder) as encoder:
            encoder.start("--cert-file", str(pem("enc_a")), "--ca-file", str(AUTHORITY))
            yield Scene(hub, upstream, folder)
    RELAYS.clear()


def fetched(scene: Scene, path: str, **headers: str) -> bytes:
    request = Request(scene.url(scene.upstream, path), headers=headers)
    with urlopen(request, timeout=10, context=client()) as answer:
        body: bytes = answer.read()
        return body


def test_the_model_encoder_is_known_by_its_certificate_all_the_way(scene: Scene) -> None:
    until(lambda: sources(scene.hub) == ["enc_a"], "the hub has the encoder's fragments")
    until(lambda: sources(scene.upstream) == ["hub"], "the upstream has the hub's")
    until(lambda: upstream(scene)["state"] == "streaming", "the hub says so")


@pytest.mark.parametrize("name", ["revoked", "none"])
def test_another_certificate_pushes_nothing(scene: Scene, loop: Path, name: str) -> None:
    options = ["--ca-file", str(AUTHORITY), "--for", "2"]
    if name != "none":
        options += ["--cert-file", str(pem(name))]
    counted = ("handshakes_failed",) if name != "none" else ("rejected", "INGEST_UNAUTHORIZED")

    def count() -> int:
        found: Any = status(scene.hub)
        for key in counted:
            found = found.get(key, 0) if isinstance(found, dict) else found
        return int(found)

    before = count()
    url = scene.url(scene.hub, "studio.isml/Streams(main)")
    with Push(loop, url, "enc_a", scene.folder) as encoder:
        encoder.start(*options)
        until(lambda: count() > before, f"{name} was refused")
    assert "enc_a" not in sources(scene.hub, "studio")


def test_ffmpeg_pushes_with_a_password_by_tls(scene: Scene, ffmpeg: str) -> None:
    url = f"https://c:{PASSWORD}@127.0.0.1:{scene.hub.port}/studio.isml/Streams(av)"
    command = Programme(seconds=6).command(ffmpeg, url, live=False)
    done = trusting(command)
    assert done.returncode == 0, done.stderr
    assert sources(scene.hub, "studio") == ["enc_c"]


def test_players_need_the_token_and_it_carries_them_on(scene: Scene, ffmpeg: str) -> None:
    until(lambda: b"/index.m3u8" in _master(scene), "there is something to play")
    with pytest.raises(HTTPError, match="401") as refused:
        fetched(scene, "news.isml/master.m3u8")
    refused.value.close()
    for path, headers in (
        (f"news.isml/master.m3u8?token={TOKEN}", {}),
        ("news.isml/master.m3u8", {"Authorization": f"Bearer {TOKEN}"}),
    ):
        assert fetched(scene, path, **headers) == _master(scene)
    url = scene.url(scene.upstream, f"news.isml/master.m3u8?token={TOKEN}")
    command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "error", "-i", url]
    done = trusting([*command, "-t", "1", "-f", "framecrc", "-"])
    assert done.returncode == 0, done.stderr
    assert any(line and not line.startswith("#") for line in done.stdout.splitlines())


def _master(scene: Scene) -> bytes:
    try:
        return fetched(scene, f"{TOKEN}/news.isml/master.m3u8")
    except HTTPError as error:
        with error:
            return b""


@pytest.mark.threat("T34")
def test_no_secret_is_in_anything_that_a_relay_says(scene: Scene) -> None:
    """Neither after successes nor after failures: log, status, metrics, page, state, printout."""
    wrong = f"{CANARY}-but-wrong"
    for path, headers in (
        (f"{wrong}/news.isml/master.m3u8", {}),
        (f"news.isml/master.m3u8?token={wrong}", {}),
        (f"{TOKEN}/news.isml/nothing/{TOKEN}", {}),
        ("news.isml/Manifest", {"Authorization": f"Basic {wrong}"}),
    ):
        with pytest.raises(HTTPError) as refused:
            fetched(scene, path, **headers)
        refused.value.close()
    for path in (f"{wrong}/studio.isml/Streams(x)", f"studio.isml/Streams(x)?token={wrong}"):
        request = Request(scene.url(scene.hub, path), data=b"", method="POST")
        with pytest.raises(HTTPError) as refused:
            urlopen(request, timeout=10, context=client())
        refused.value.close()
    for said in _said(scene):
        assert CANARY.encode() not in said, said[:200]


def _said(scene: Scene) -> Iterator[bytes]:
    for relay in (scene.hub, scene.upstream):
        log = relay.log.read_bytes()
        assert b"ready" in log
        yield log
        yield Path(f"/proc/{relay.pid}/cmdline").read_bytes()
        for path in ("api/v1/status", "metrics", "ui/", "livez", "readyz"):
            with urlopen(f"{relay.admin_url}/{path}", timeout=10) as answer:
                yield answer.read()
        with urlopen(f"{relay.admin_url}/api/v1/events", timeout=10) as events:
            yield b"".join(events.readline() for _ in range(5))
        printed = [sys.executable, "-m", "relay", "check", str(relay.conf), "--print"]
        yield subprocess.run(printed, capture_output=True, check=True, timeout=60).stdout
    for path in ("state", "pins"):
        yield fetched(scene, f"news.isml/{path}")
    yield _master(scene)
