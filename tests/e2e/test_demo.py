"""`relay demo` as a newcomer runs it: a picture within 8 s, and what is killed is only a line."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relay.demo import clip
from tests.e2e import served
from tests.e2e.relay_process import free_port

pytestmark = pytest.mark.e2e

LASTS = 100
"""Seconds; it is ended before."""
LIMIT = 60
FIRST_PICTURE = 8
BUSY = 10
"""A busy machine may take so many times as long as `relay version` does; a calm one needs 5."""
KILL = re.compile(r"(?:encoder|upstream) +(\w+) .*kill -9 (\d+)")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the demo's clip, as after its first run."""
    folder = tmp_path_factory.mktemp("cache")
    clip.make(folder / "isml-relay" / clip.NAME)
    return folder


@contextmanager
def showing(
    cache: Path, port: int, admin_port: int, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "relay", "demo", "--for", str(LASTS)]
    command += ["--port", str(port), "--admin-port", str(admin_port)]
    with log.open("wb") as said:
        child = subprocess.Popen(
            command,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def test_the_demo_plays_and_survives_a_kill(cache: Path, tmp_path: Path) -> None:
    port, admin_port, log = free_port(), free_port(), tmp_path / "demo.log"
    master = f"http://127.0.0.1:{port}/news.isml/master.m3u8"
    subprocess.run([sys.executable, "-m", "relay", "version"], check=True, capture_output=True)
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "relay", "version"], check=True, capture_output=True)
    limit = max(FIRST_PICTURE, BUSY * (time.monotonic() - began))
    began = time.monotonic()
    with showing(cache, port, admin_port, log) as child:
        while not _playable(master):
            assert child.poll() is None, log.read_text()
            assert time.monotonic() < began + limit, log.read_text()
            time.sleep(0.1)
        _until(lambda: len(KILL.findall(log.read_text())) == 4, log)
        pids = {name: int(pid) for name, pid in KILL.findall(log.read_text())}
        assert set(pids) == {"enc_a", "enc_b", "eu", "us"}
        _until(lambda: set(_states(admin_port).values()) == {"streaming"}, log)
        os.kill(pids["enc_a"], signal.SIGKILL)
        os.kill(pids["eu"], signal.SIGKILL)
        assert served.get(f"http://127.0.0.1:{admin_port}/ui/").status == 200
        _until(lambda: _states(admin_port)["eu"] in ("retrying", "probing", "connecting"), log)
        assert _states(admin_port)["us"] in ("streaming", "catching_up")
        _until(lambda: log.read_text().count("its page") == 3, log)
        _until(lambda: log.read_text().count("enc_a  pushes") == 2, log)
        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT) == 0, log.read_text()
    said = log.read_text()
    assert "Traceback" not in said
    assert f"http://127.0.0.1:{port}/news.isml/master.m3u8" in said
    assert f"http://localhost:{admin_port}/" in said
    assert re.search(r"encoder +enc_a +was killed by signal 9", said), said
    assert re.search(r"upstream +eu +was killed by signal 9; comes back in 4 s", said), said
    assert re.search(r"upstream +! +eu: does not take it", said), said
    assert len(re.findall(r"upstream +eu +its page: (http://localhost:\d+/)", said)) == 2, said
    assert len(said.splitlines()) < 60, said  # a busy machine has more to tell
    assert "nobody delivered" not in said, said
    # Its encoders and upstreams are gone with it.
    for gone in map(int, re.findall(r"kill -9 (\d+)", said)):
        with pytest.raises(ProcessLookupError):
            os.kill(gone, 0)


def _states(admin_port: int) -> dict[str, str]:
    """The state of each upstream."""
    told = json.loads(served.fetch(f"http://127.0.0.1:{admin_port}/api/v1/status"))
    return {name: how["state"] for name, how in told["channels"]["news"]["upstreams"].items()}


def _until(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def _playable(master: str) -> bool:
    """A segment of every track can be fetched."""
    try:
        if served.get(master).status != 200:
            return False
    except OSError:
        return False
    texts = served.playlists(master)
    return len(texts) == 4 and all(
        served.rendition(url, text).segments for url, text in texts.items() if url
    )
