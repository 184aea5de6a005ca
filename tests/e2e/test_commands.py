"""Every ffmpeg command of README and documentation, typed as it stands, can be played."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import commands
from tests.e2e.conftest import Start
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import get

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

COMMANDS = sorted({each.text for each in commands() if each.program == "ffmpeg"})
CHANNELS = ("news", "sport", "ladder", "lasting")
LIMIT = 100.0
BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture(scope="module")
def desk(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the reader's `in.mp4`, and `ffmpeg` on his path."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "bin").mkdir()
    (folder / "bin" / "ffmpeg").symlink_to(ffmpeg)
    made = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]
    made += ["-f", "lavfi", "-i", "sine=r=48000", "-t", "110", "-c:v", "libx264", "-g", "48"]
    made += ["-preset", "ultrafast", "-pix_fmt", "yuv420p", "-sc_threshold", "0", "-c:a", "aac"]
    subprocess.run([*made, str(folder / "in.mp4")], check=True)
    return folder


@contextmanager
def typed(text: str, desk: Path, relay: RelayProcess, log: Path) -> Iterator[None]:
    """A shell in which somebody typed this."""
    text = text.replace("relay:8080", f"127.0.0.1:{relay.port}")
    with log.open("wb") as said:
        child = subprocess.Popen(
            [BASH, "-c", text],
            cwd=desk,
            env={**os.environ, "PATH": f"{desk / 'bin'}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def test_each_is_played(desk: Path, start_relay: Start, tmp_path: Path) -> None:
    assert {name for name in CHANNELS for text in COMMANDS if f"/{name}.isml/" in text} == {
        *CHANNELS
    }, "each command has a channel of its own"
    relay = start_relay({name: {} for name in CHANNELS})
    with ExitStack() as stack:
        for number, text in enumerate(COMMANDS):
            stack.enter_context(typed(text, desk, relay, tmp_path / f"{number}.log"))
        deadline = time.monotonic() + LIMIT
        waiting = set(CHANNELS)
        while waiting:
            waiting -= {
                name
                for name in waiting
                if get(f"{relay.url}/{name}.isml/master.m3u8").status == 200
            }
            logs = [path.read_text(errors="replace")[-2000:] for path in tmp_path.glob("*.log")]
            assert time.monotonic() < deadline, f"{waiting} have nothing to play: {logs}"
            time.sleep(0.1)
        ladder = get(f"{relay.url}/ladder.isml/master.m3u8").body.decode()
        assert ladder.count("#EXT-X-STREAM-INF") == 2
