"""F22, F23, F25: nginx upstream, a server that knows nothing of this protocol (404, 413, 503).

nginx is asked for because it answers as the real world does: with a body of HTML, in mid-stream
while more is still coming, behind a lingering close. Without it the tests are skipped, by name.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relay.encoder.stamp import Stamper
from tests.e2e.relay_process import RelayProcess, free_port
from tests.faults import chain, invariants, legs
from tests.faults.legs import Channel

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(NGINX is None, reason="needs nginx (apt-get install nginx-light)"),
]

CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /gone.isml/ {{ return 404; }}
    location /busy.isml/ {{ return 503; }}
    location /small.isml/ {{
      client_max_body_size 40k;
      proxy_request_buffering off;
      proxy_http_version 1.1;
      proxy_pass http://127.0.0.1:{relay};
    }}
  }}
}}
"""
STATUSES = {"gone": 404, "small": 413, "busy": 503}


@contextmanager
def nginx(folder: Path, relay: int) -> Iterator[int]:
    """One that misbehaves on each of these points; `small` goes on to this relay. Its port."""
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, port=port, relay=relay))
    assert NGINX is not None
    command = [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(conf)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        yield port
        assert child.poll() is None, child.communicate()[1].decode()
    finally:
        child.terminate()
        child.communicate(timeout=20)


@pytest.mark.fault("F22", "F23", "F25")
def test_nginx_is_survived_and_reported_with_its_status(made: Stamper, tmp_path: Path) -> None:
    for name in ("us", "hub", "nginx"):
        (tmp_path / name).mkdir()
    plain = {"small": legs.SETTINGS, "news": legs.SETTINGS}
    with (
        RelayProcess(tmp_path / "us", plain) as us,
        nginx(tmp_path / "nginx", us.port) as port,
    ):
        urls = {name: {"url": f"http://127.0.0.1:{port}/{name}.isml"} for name in STATUSES}
        urls["us"] = {"url": f"{us.url}/news.isml"}
        table = {**legs.SETTINGS, "upstreams": urls}
        with RelayProcess(tmp_path / "hub", {"news": table}) as hub:
            asyncio.run(_refused(made, hub, us))
            lines = [line["event"] for line in chain.lines(hub, "news")]
            assert any(line.startswith("gone: refuses: 404 Not Found") for line in lines)
            assert any(line.startswith("busy: does not take it") for line in lines)
            assert any(line.startswith("small: refuses: 413") for line in lines)
            assert invariants.quiet(hub.text()) == []


async def _refused(made: Stamper, hub: RelayProcess, us: RelayProcess) -> None:
    channel = Channel.of("news", hub.port)
    async with channel.leg(made, "a", patient=True) as leg:
        for name, status in STATUSES.items():
            told = await chain.stands(hub, "news", name, _says(status))
            assert told["state"] == ("retrying" if name == "busy" else "refused")
            assert told["failing"]
        mark = channel.ledger.count("a") + 8
        await chain.until(lambda: channel.ledger.count("a") >= mark, "the encoder goes on")
        assert leg.posts == 1
    assert chain.arrived(channel.ledger, await chain.seen(us, "news", channel.ledger)) == []


def _says(status: int) -> Callable[[Mapping[str, Any]], bool]:
    return lambda told: told["reason"].startswith(f"{status} ")
