"""All processes of the demo: who starts when, and what the relay's lines set in motion.

The relay comes first, and the encoders when it listens: they shall not push to whoever else has its
port. The upstreams come when there is a picture, which would wait for them otherwise.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from relay.demo import hub
from relay.demo.acts import Acts
from relay.demo.encoders import encoders
from relay.demo.kept import Kept, Say
from relay.demo.strip import strip
from relay.demo.upstreams import upstreams
from relay.errors import OperatorError, PortBusy

CHANNEL = "news"
AWAY = 2
"""Seconds for which the relay stays away when it was killed."""
_OTHER_PORTS = "End what uses it, or take others: relay demo --port 9080 --admin-port 9081"


class Stage:
    """`folder`: for all that is written. `programme`: the clip, or None to encode live.

    `ready` is called when the relay listens for the first time, with the URL of its players.
    """

    def __init__(
        self,
        folder: Path,
        programme: Path | None,
        ports: tuple[int, int],
        say: Say,
        ready: Callable[[str], None],
    ) -> None:
        point = f"http://127.0.0.1:{ports[0]}/{CHANNEL}.isml"
        self._say = say
        self._ready: Callable[[], None] | None = lambda: ready(f"{point}/master.m3u8")
        self._waiting = True  # for the first picture
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._encoders = encoders(point, programme, folder, self._happened)
        self._upstreams = upstreams(CHANNEL, max(ports), folder, self._happened)
        conf, fed = folder / "hub.toml", {one.name: one.url for one in self._upstreams}
        conf.write_text(hub.conf(ports, folder / "hub", CHANNEL, fed), "utf-8")

        async def command() -> list[str]:
            return [sys.executable, "-m", "relay", "demo-hub", str(conf)]

        log = folder / "hub.log"
        self._hub = Kept("relay", "", "listens", log, command, self._happened, AWAY, self._hear)
        self._acts = Acts(strip(self._encoders, self._upstreams, self._hub), self._show)

    async def play(self, seconds: int) -> None:
        """Run for so many seconds, or without end (0). Raises OperatorError."""
        await asyncio.gather(*(one.gate.start() for one in self._upstreams))
        self._hub.start()
        await asyncio.wait({self._failed}, timeout=seconds or None)
        if self._failed.done():
            self._failed.result()

    async def close(self) -> None:
        """End all of it: the encoders first, that their POSTs have an end."""
        self._failed.cancel()
        await self._acts.close()
        await asyncio.gather(*(one.process.stop() for one in self._encoders))
        await self._hub.stop()
        await asyncio.gather(*(one.process.stop() for one in self._upstreams))
        await asyncio.gather(*(one.gate.stop() for one in self._upstreams))

    def _happened(self, what: str, which: str, how: str) -> None:
        self._say(what, which, how)
        self._acts.tell()  # what does not run cannot be told anything

    def _show(self, facts: dict[str, Any]) -> None:
        self._hub.tell(json.dumps({"acts": facts}).encode())

    def _hear(self, line: bytes) -> None:
        match json.loads(line):
            case {"say": [what, which, how]}:
                self._say(what, which, how)
            case {"press": [act, on]}:
                self._acts.press(act, on=on)
            case {"ready": True}:
                self._acts.tell()
                if self._ready is not None:
                    self._ready()
                    self._ready = None
                    for encoder in self._encoders:
                        encoder.process.start()
            case {"picture": True} if self._waiting:
                self._waiting = False
                for one in self._upstreams:
                    one.process.start()
            case {"failed": [message, hint, code]} if not self._failed.done():
                if code == PortBusy.exit_code:
                    self._failed.set_exception(PortBusy(message, hint=_OTHER_PORTS))
                else:
                    self._failed.set_exception(OperatorError(message, hint=hint))
