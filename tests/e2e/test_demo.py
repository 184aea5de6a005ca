"""`relay demo` on the terminal: what is killed is only a line, and what cannot be is a sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import served
from tests.e2e.demo_process import DemoProcess, clip_in
from tests.e2e.relay_process import free_port

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_in(tmp_path_factory.mktemp("cache"))


@pytest.mark.long
def test_the_demo_plays_and_survives_kills(cache: Path, tmp_path: Path) -> None:
    with DemoProcess(cache, tmp_path) as demo:
        demo.until(demo.playable)
        demo.until(lambda: set(demo.pids) == {"relay", "enc_a", "enc_b", "eu", "us"})
        demo.until(lambda: set(_states(demo).values()) == {"streaming"})
        os.kill(demo.pids["enc_a"], signal.SIGKILL)
        os.kill(demo.pids["eu"], signal.SIGKILL)
        assert served.get(demo.page).status == 200
        demo.until(lambda: _states(demo)["eu"] in ("retrying", "probing", "connecting"))
        assert _states(demo)["us"] == "streaming"
        demo.until(lambda: "eu: does not take it" in demo.text)
        os.kill(demo.pids["relay"], signal.SIGKILL)
        demo.until(lambda: demo.text.count("its page") == 3)
        demo.until(lambda: demo.text.count("listens") == 2)
        demo.until(lambda: demo.text.count("enc_a  pushes") == 2)
        assert demo.end() == 0, demo.text
    said = demo.text
    assert "Traceback" not in said
    assert demo.master in said
    assert f"http://localhost:{demo.admin}/" in said
    assert re.search(r"encoder +enc_a +was killed by signal 9", said), said
    assert re.search(r"upstream +eu +was killed by signal 9; comes back in 4 s", said), said
    assert re.search(r"relay +was killed by signal 9; comes back in 2 s", said), said
    assert re.search(r"upstream +! +eu: does not take it", said), said
    assert len(re.findall(r"upstream +eu +its page: (http://localhost:\d+/)", said)) == 2, said
    assert len(said.splitlines()) < 60, said  # a busy machine has more to tell
    assert "nobody delivered" not in said, said
    # All that it started is gone with it.
    for gone in map(int, re.findall(r"kill -9 (\d+)", said)):
        with pytest.raises(ProcessLookupError):
            os.kill(gone, 0)


def test_a_port_in_use_is_a_sentence_and_nothing_is_pushed_to_it(
    cache: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "relay", "demo", "--for", "20", "--port", str(port)),
                *("--admin-port", str(free_port())),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        )
        taken.settimeout(0)
        with pytest.raises(BlockingIOError):
            taken.accept()
    assert done.returncode == 75, done
    assert f"relay: Cannot listen on 0.0.0.0:{port}: Address already in use" in done.stderr
    assert "relay demo --port" in done.stderr
    assert "Traceback" not in done.stderr
    assert "pushes" not in done.stdout


def _states(demo: DemoProcess) -> dict[str, str]:
    """The state of each upstream."""
    told = json.loads(served.fetch(f"http://127.0.0.1:{demo.admin}/api/v1/status"))
    return {name: how["state"] for name, how in told["channels"]["news"]["upstreams"].items()}
