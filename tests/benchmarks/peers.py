"""Other people's servers: nginx and ffmpeg. One that is not on this machine is named, not skipped.

nginx takes PUTs to a folder of the disk that the relay has, serves its files, or ends TLS before
the bare sink. `ffmpeg -listen` takes one POST and ends, so there is a process for each encoder, new
for each round; what it took to start is not counted.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg

from tests.benchmarks.load import SECONDS, Target
from tests.benchmarks.process import LOADING, SERVERS, Process, until_listening
from tests.benchmarks.sides import PAPERS, Side
from tests.e2e.relay_process import free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Absent(Exception):
    """A peer is not here; says how to get it."""


class Nginx(Side):
    """One worker. `tls`: ends TLS and proxies to a sink, unbuffered."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        if NGINX is None:
            raise Absent("nginx is not here: apt-get install nginx")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "www").mkdir()
        self.name = "nginx"
        self.port = free_port()
        self.www = folder / "www"
        self._sink: Process | None = None
        listen = f"listen 127.0.0.1:{self.port}"
        if tls:
            self._sink = Process([*SERVERS, "sink"], speaks=True, cores=LOADING)
            inside = (
                f"{listen} ssl; ssl_certificate {PAPERS}/server.pem;"
                f" ssl_certificate_key {PAPERS}/server.pem;"
                f" location / {{ proxy_pass http://127.0.0.1:{self._sink.said};"
                " proxy_request_buffering off; proxy_http_version 1.1; }"
            )
        else:
            inside = (
                f"{listen}; root {self.www}; sendfile on; tcp_nopush on;"
                " dav_methods PUT; create_full_put_path on;"
            )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        text = (
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
            f" {'user root;' if os.geteuid() == 0 else ''} events {{ worker_connections 1024; }}"
            " http { access_log off; client_max_body_size 0; client_body_buffer_size 64k;"
            f" keepalive_requests 1000000; keepalive_timeout 600;"
            f" {' '.join(f'{kind}_temp_path {folder}/{kind};' for kind in kinds)}"
            f" server {{ {inside} }} }}"
        )
        (folder / "nginx.conf").write_text(text)
        command = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log"]
        self._process = Process([*command, "-c", f"{folder}/nginx.conf"])
        until_listening(self.port)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        if self._sink is not None:
            self._sink.kill()

    def targets(self, count: int) -> list[Target]:
        return [Target(self.port, f"/put/c{at}.ismv", "PUT") for at in range(count)]

    def cpu(self) -> float:
        return self._process.cpu()


class Ffmpeg(Side):
    """`ffmpeg -listen 1` to HLS of fMP4, a process an encoder, its window that of the relay."""

    def __init__(self, folder: Path, window: int) -> None:
        self.name = "ffmpeg"
        self._folder = folder
        self._window = window
        self._running: list[Process] = []
        self._spent = 0.0

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()

    def targets(self, count: int) -> list[Target]:
        ports = [free_port() for _ in range(count)]
        shutil.rmtree(self._folder, ignore_errors=True)
        for at, port in enumerate(ports):
            folder = self._folder / f"c{at}"
            folder.mkdir(parents=True)
            took = ["-listen", "1", "-f", "mp4", "-i", f"http://127.0.0.1:{port}/c"]
            made = ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", str(SECONDS)]
            kept = ["-hls_list_size", str(self._window // SECONDS), "-hls_flags", "delete_segments"]
            quiet = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "quiet"]
            command = [*quiet, *took, "-c", "copy", *made, *kept, "index.m3u8"]
            self._running.append(Process(command, folder=folder))
        until_listening(*ports)
        return [Target(port, "/c") for port in ports]

    def cpu(self) -> float:
        return self._spent + sum(process.cpu() for process in self._running)

    def settle(self, media: int) -> None:
        """Each ends with its POST."""
        while self._running:
            self._spent += self._running.pop().ended()
        found = sum(each.stat().st_size for each in self._folder.rglob("*.m4s"))
        if not found:
            raise OSError("ffmpeg has written no segment")


def present(make: Callable[[], Side]) -> tuple[list[Side], list[str]]:
    """The peer, or why there is none."""
    try:
        return [make()], []
    except Absent as absent:
        return [], [str(absent)]
