"""What `conf/cluster.yaml` starts, started without an engine: commands, variables, files.

Only ports and folders differ. The brokers find each other, the relays find the brokers, and what is
pushed to the one is played from the other.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cluster.broker import BINARY
from tests.door import TRACK, chunked, header, video
from tests.e2e.relay_process import free_port
from tests.e2e.served import get

CONF = Path(__file__).parents[2] / "conf"
LIMIT = 90.0
PORTS = [f"{at}{n}" for at in (422, 622, 822) for n in (2, 3, 4)]
PORTS += ["8080", "8081", "8090", "8091"]
ENVIRONMENT = re.compile(r"^ {2,6}(RELAY_\w+): (.*)$", re.MULTILINE)

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(240)]


def test_what_compose_starts_is_a_cluster(tmp_path: Path) -> None:
    ports = {said: str(free_port()) for said in PORTS}
    text = re.sub(r"\b\d{4}\b", lambda found: ports.get(found[0], found[0]), _text("cluster.yaml"))
    commands = [json.loads(said) for said in re.findall(r"command: (\[[^]]*\])", text)]
    shared, *own = re.split(r"^  (?=\w+:\n    <<: \*relay)", text, flags=re.MULTILINE)
    assert (len(commands), len(own)) == (3, 2)
    with _processes() as start:
        for command in commands:
            name = command[command.index("--name") + 1]
            conf = tmp_path / f"{name}.conf"
            conf.write_text(
                _text("nats-server.conf").replace("/var/lib/nats", f"{tmp_path}/{name}")
            )
            start(tmp_path / f"{name}.log", {}, str(BINARY), "-c", str(conf), *command[2:])
        brokers = f"http://127.0.0.1:{ports['8222']}/routez"
        _until(lambda: _peers(brokers) == 2, "the brokers do not meet")
        urls = []
        for name, service in zip(("one", "two"), own, strict=True):
            said = dict(ENVIRONMENT.findall(shared)) | dict(ENVIRONMENT.findall(service))
            environment = {key: value.strip("'\"") for key, value in said.items()}
            environment.setdefault("RELAY_SERVER__LISTEN", f"0.0.0.0:{ports['8080']}")
            environment.setdefault("RELAY_SERVER__ADMIN", f"127.0.0.1:{ports['8081']}")
            environment["RELAY_STORE__PATH"] = f"{tmp_path}/{name}"
            log = tmp_path / f"{name}.log"
            relay = (sys.executable, "-m", "relay", "run", str(CONF / "relay.toml"))
            start(log, environment, *relay)
            admin = f"http://{environment['RELAY_SERVER__ADMIN']}"
            _until(lambda at=admin: _status(f"{at}/readyz") == 200, f"{name} is not ready")  # type: ignore[misc]
            assert "STORE_ALONE" not in log.read_text()
            urls.append(int(environment["RELAY_SERVER__LISTEN"].rpartition(":")[2]))
        assert _push(urls[0]) == 200
        path = f"http://127.0.0.1:{urls[1]}/news.isml/{TRACK}/index.m3u8"
        _until(lambda: _status(path) == 200, "the other one does not play it")


def _text(name: str) -> str:
    return (CONF / name).read_text()


@contextmanager
def _processes() -> Iterator[Callable[..., None]]:
    children: list[subprocess.Popen[bytes]] = []

    def start(log: Path, environment: dict[str, str], *command: str) -> None:
        with log.open("wb") as out:
            inherited = {k: v for k, v in os.environ.items() if not k.startswith("RELAY_")}
            children.append(
                subprocess.Popen(command, stdout=out, stderr=out, env={**inherited, **environment})
            )

    try:
        yield start
        assert all(child.poll() is None for child in children), "one has ended"
    finally:
        for child in reversed(children):
            child.kill()
            child.wait()


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while True:
        with suppress(OSError):
            if holds():
                return
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def _status(url: str) -> int:
    return get(url).status


def _peers(url: str) -> int:
    return len({route["remote_name"] for route in json.loads(get(url).body)["routes"]})


def _push(port: int) -> int:
    to = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        to.putrequest("POST", "/news.isml/Streams(main)")
        to.putheader("Transfer-Encoding", "chunked")
        media = b"".join(map(video, range(4)))
        to.endheaders(chunked(header() + media) + b"0\r\n\r\n")
        return to.getresponse().status
    finally:
        to.close()
