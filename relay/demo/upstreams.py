"""The demo's two upstreams: relays as this one, to which it forwards, each a process of its own.

They listen behind the ports of the first relay, or where there is room. Ports stay theirs when they
are killed and come back.
"""

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from relay.demo import clip
from relay.demo.kept import Kept, Say

NAMES = ("eu", "us")
AWAY = 4
"""Seconds. The wait before it is fed again comes on top, and that doubles with each try."""

_CONF = """\
[server]
listen = "0.0.0.0:{port}"
admin = "127.0.0.1:{page}"

[store]
path = "{store}"
durable = false

[channels.{channel}]
fragment_duration = "{duration}"
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One of them: the URL that it is fed at, and its process, not started."""

    name: str
    url: str
    process: Kept


def upstreams(channel: str, after: int, folder: Path, say: Say) -> list[Upstream]:
    """Both. `after`: the port behind which there may be room. `folder`: for all that they write."""
    found = []
    for name in NAMES:
        port, page = _free(after + 1), _free(after + 2)
        after += 2
        conf, store = folder / f"{name}.toml", folder / name
        said = {"port": port, "page": page, "store": store, "channel": channel}
        conf.write_text(_CONF.format(**said, duration=clip.D), "utf-8")

        async def command(conf: Path = conf) -> list[str]:
            return [sys.executable, "-m", "relay", "run", str(conf)]

        does = f"its page: http://localhost:{page}/"
        process = Kept("upstream", name, does, folder / f"{name}.log", command, say, AWAY)
        found.append(Upstream(name, f"http://127.0.0.1:{port}/{channel}.isml", process))
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
