"""The demo on the terminal: a line for each thing that happens."""

import asyncio
import signal
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from relay.demo import clip
from relay.demo.stage import CHANNEL, Stage


async def show(seconds: int, *, real: bool, port: int, admin_port: int) -> None:
    """Run the demo for so many seconds, or until Ctrl-C (0). Raises OperatorError."""
    _line(f"relay {version('isml-relay')}  demo: 2 encoders, 1 channel, 2 upstreams")
    programme = None if real else await _programme()

    def ready(master: str) -> None:
        say("channel", CHANNEL, f"ready     {master}")
        _line(f"  page:  http://localhost:{admin_port}/        stop: Ctrl-C")

    with tempfile.TemporaryDirectory(prefix="relay-demo-") as made:
        stage = Stage(Path(made), programme, (port, admin_port), say, ready)
        playing = asyncio.create_task(stage.play(seconds))
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, playing.cancel)
        try:
            await asyncio.wait({playing})
        finally:
            await stage.close()
    if not playing.cancelled():
        playing.result()
    say("demo", "", "ended")


async def _programme() -> Path:
    path = clip.kept()
    if not path.is_file():
        say("clip", "", f"made once, into {path}")
        try:
            await asyncio.to_thread(clip.make, path)
        except OSError:
            path = Path(tempfile.gettempdir()) / f"relay-{clip.NAME}"
            await asyncio.to_thread(clip.make, path)
    return path


def say(what: str, which: str, how: str) -> None:
    """One line: when, what, which of them, and what happened to it."""
    _line(f"  {time.strftime('%H:%M:%S', time.gmtime())}  {what:<9}{which:<7}{how}")


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
