"""The demo's two upstreams: relays as this one, to which it forwards, each a process of its own.

They listen behind the ports of the first relay, or where there is room. Ports stay theirs when they
are killed and come back. The relay reaches each through a gate. One that refuses has been started
with a configuration that lets in an address which nobody has (RFC 5737), and nobody else.
"""

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from relay.demo import hub
from relay.demo.gate import Gate
from relay.demo.kept import Kept, Say

NAMES = ("eu", "us")
AWAY = 4
"""Seconds. The wait before it is fed again comes on top, and that doubles with each try."""

_NOBODY = """
[channels.{channel}.sources.nobody]
allow = ["192.0.2.1/32"]
"""


@dataclass(slots=True)
class Upstream:
    """One of them: the URL that it is fed at, its process and the way to it, not started."""

    name: str
    url: str
    process: Kept
    gate: Gate
    _conf: Path
    _open: str
    _shut: str

    async def refuse(self) -> None:
        """It lets nobody in any more."""
        self._conf.write_text(self._shut, "utf-8")
        await self.process.again()

    async def accept(self) -> None:
        """It takes what comes again."""
        self._conf.write_text(self._open, "utf-8")
        await self.process.again()


def upstreams(channel: str, after: int, folder: Path, say: Say) -> list[Upstream]:
    """Both. `after`: the port behind which there may be room. `folder`: for all that they write."""
    found = []
    for name in NAMES:
        port, page = _free(after + 1), _free(after + 2)
        after += 2
        conf = folder / f"{name}.toml"
        text = hub.conf((port, page), folder / name, channel, {})
        conf.write_text(text, "utf-8")

        async def command(conf: Path = conf) -> list[str]:
            return [sys.executable, "-m", "relay", "run", str(conf)]

        does = f"its page: http://localhost:{page}/"
        process = Kept("upstream", name, does, folder / f"{name}.log", command, say, AWAY)
        gate = Gate(port)
        url = f"http://127.0.0.1:{gate.port}/{channel}.isml"
        shut = text + _NOBODY.format(channel=channel)
        found.append(Upstream(name, url, process, gate, conf, text, shut))
    return found


def _free(wanted: int) -> int:
    """This port, or another one when it is in use."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104 - as the demo listens
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    return wanted
