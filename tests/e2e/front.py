"""A real nginx with `conf/nginx.conf`: only ports, folders and certificates differ."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.relay_process import free_port

CONF = Path(__file__).parents[2] / "conf" / "nginx.conf"
PAPERS = Path(__file__).parents[1] / "courier" / "certificates"
LIMIT = 30.0
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass(frozen=True, slots=True)
class Front:
    """Its two ports, and whom to trust there."""

    players: int
    encoders: int

    def trust(self, *, known: bool) -> ssl.SSLContext:
        """A client's TLS; `known`: with a certificate whose common name is "client"."""
        context = ssl.create_default_context(cafile=str(PAPERS / "ca.pem"))
        if known:
            context.load_cert_chain(PAPERS / "client.pem", PAPERS / "client.key")
        return context


@contextmanager
def nginx(folder: Path, one: int, two: int) -> Iterator[Front]:
    """It runs before the relays on these ports."""
    assert NGINX is not None
    front = Front(free_port(), free_port())
    text = CONF.read_text()
    server = f"{PAPERS}/server.pem"
    for pattern, wanted in (
        (r"listen 443 ssl", f"listen 127.0.0.1:{front.players} ssl"),
        (r"listen 8443 ssl", f"listen 127.0.0.1:{front.encoders} ssl"),
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{one}"),
        (r"127\.0\.0\.1:8090", f"127.0.0.1:{two}"),
        (r"/etc/nginx/tls/(players|ingest)\.(pem|key)", server),
        (r"/etc/nginx/tls/encoders-ca\.pem", f"{PAPERS}/ca.pem"),
        (r"/var/cache/nginx/relay", f"{folder}/cache"),
        (r"/var/log/nginx/error.log warn", f"{folder}/error.log warn"),
        (r"/run/nginx.pid", f"{folder}/nginx.pid"),
        (r"worker_processes auto", f"daemon off; {_user()} worker_processes 1"),
        (r"http \{", "http {" + "".join(_temporary(folder))),
    ):
        text, count = re.subn(pattern, wanted, text)
        assert count, f"{pattern} is not in conf/nginx.conf"
    (folder / "nginx.conf").write_text(text)
    command = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _until_listening(front)
        yield front
        assert child.poll() is None, child.communicate()[1].decode()
    finally:
        child.terminate()
        child.communicate(timeout=20)


def _until_listening(front: Front) -> None:
    deadline = time.monotonic() + LIMIT
    for port in (front.players, front.encoders):
        while True:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)


def _user() -> str:
    """As root its workers would be somebody who may not read a test's folder."""
    return "user root;" if os.geteuid() == 0 else ""


def _temporary(folder: Path) -> Iterator[str]:
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        yield f" {kind}_temp_path {folder}/{kind};"
