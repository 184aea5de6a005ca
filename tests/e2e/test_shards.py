"""`conf/haproxy-shards.cfg` in a real HAProxy: each channel lives in one of several relays."""

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.door import TRACK, chunked, header, video
from tests.e2e.front import PAPERS, Front
from tests.e2e.relay_process import RelayProcess, free_port
from tests.e2e.served import fetch
from tests.server.wire import PATIENCE

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf" / "haproxy-shards.cfg"
LIMIT = 30.0
CHANNELS = tuple(f"ch_{n}" for n in range(12))
BODY = header() + b"".join(video(index) for index in range(2))


def _found() -> str | None:
    """HAProxy of `make linters`, or the system's."""
    tools = ROOT / ".tools" / "deploy"
    own = sorted(tools.glob("lib/python*/site-packages/*/bin/haproxy"))
    return shutil.which("haproxy") or (str(own[0]) if own else None)


HAPROXY = _found()
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(HAPROXY is None, reason="needs haproxy (make linters)"),
]


@dataclass(frozen=True, slots=True)
class Shards:
    """The relays and what stands before them."""

    relays: tuple[RelayProcess, ...]
    front: Front

    def carrying(self, channel: str) -> list[int]:
        """Which relays have something of a channel."""
        found = []
        for at, relay in enumerate(self.relays):
            told = json.loads(fetch(f"{relay.admin_url}/api/v1/status"))["channels"][channel]
            found += [at] if told["sources"] else []
        return found

    def post(self, path: str, *, known: bool = True) -> int:
        """One POST as an encoder with a certificate, if it is known; the status."""
        trust = self.front.trust(known=known)
        body = chunked(BODY) + b"0\r\n\r\n"
        return self._asked(self.front.encoders, trust, "POST", path, body)

    def get(self, path: str) -> int:
        """One request of a player; the status."""
        return self._asked(self.front.players, self.front.trust(known=False), "GET", path)

    def _asked(
        self, port: int, trust: ssl.SSLContext, method: str, path: str, body: bytes = b""
    ) -> int:
        to = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=trust)
        try:
            to.putrequest(method, path)
            if body:
                to.putheader("Transfer-Encoding", "chunked")
            to.endheaders(body or None)
            return to.getresponse().status
        finally:
            to.close()


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with ExitStack() as stack:
        relays = []
        for name in ("r1", "r2"):
            folder = tmp_path_factory.mktemp(name)
            made = RelayProcess(folder, {each: {"fragment_duration": "2"} for each in CHANNELS})
            relays.append(stack.enter_context(made))
        ports = [relay.port for relay in relays]
        front = stack.enter_context(_haproxy(tmp_path_factory.mktemp("haproxy"), ports))
        yield Shards(tuple(relays), front)


def test_a_channel_is_in_one_relay_whoever_asks_for_it_and_how(shards: Shards) -> None:
    for channel in CHANNELS:
        assert shards.post(f"/{channel}.isml/Streams(main)") == 200
        assert shards.post(f"/live/{channel}.ISML/streams(main)") == 200
    carried = {channel: shards.carrying(channel) for channel in CHANNELS}
    assert {len(relays) for relays in carried.values()} == {1}
    assert {at for (at,) in carried.values()} == {0, 1}, "all in one relay"
    for channel in CHANNELS:
        for path in ("master.m3u8", "manifest.mpd", f"{TRACK}/1.m4s"):
            assert shards.get(f"/{channel}.isml/{path}") == 200
        assert shards.get(f"/%6{channel[0].encode().hex()[1]}{channel[1:]}.isml/master.m3u8") == 200


def test_who_pushes_is_known_and_must_be(shards: Shards) -> None:
    assert shards.post("/ch_0.isml/Streams(main)?source=somebody_else") == 200
    (at,) = shards.carrying("ch_0")
    told = json.loads(fetch(f"{shards.relays[at].admin_url}/api/v1/status"))
    assert list(told["channels"]["ch_0"]["sources"]) == ["client"]
    with pytest.raises(OSError):  # noqa: PT011 - which one, and its words, is a race
        shards.post("/ch_0.isml/Streams(main)", known=False)


@contextmanager
def _haproxy(folder: Path, ports: Sequence[int]) -> Iterator[Front]:
    """It runs before the relays on these ports."""
    assert HAPROXY is not None
    front = Front(free_port(), free_port())
    text = CONF.read_text()
    for pattern, wanted in (
        (r"bind :443 ", f"bind 127.0.0.1:{front.players} "),
        (r"bind :8443 ", f"bind 127.0.0.1:{front.encoders} "),
        (r"/etc/haproxy/tls/encoders-ca\.pem", f"{PAPERS}/ca.pem"),
        (r"/etc/haproxy/tls/\w+\.pem", f"{PAPERS}/server.pem"),
        (r"127\.0\.0\.1:8081", f"127.0.0.1:{ports[0]}"),
        (r"127\.0\.0\.1:8082", f"127.0.0.1:{ports[1]}"),
        (r"  server r[34] .*\n", ""),
        (r"log stdout .*\n", ""),
        (r"  log global\n", ""),
    ):
        text, count = re.subn(pattern, wanted, text)
        assert count, f"{pattern} is not in conf/haproxy-shards.cfg"
    (folder / "haproxy.cfg").write_text(text)
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [HAPROXY, "-f", str(folder / "haproxy.cfg")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _until_listening(child, front, folder / "log")
        yield front
        assert child.poll() is None, (folder / "log").read_text()
    finally:
        child.terminate()
        child.wait(timeout=20)


def _until_listening(child: subprocess.Popen[bytes], front: Front, log: Path) -> None:
    deadline = time.monotonic() + LIMIT
    for port in (front.players, front.encoders):
        while True:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "HAProxy does not listen"
            time.sleep(0.02)
