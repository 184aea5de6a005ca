"""The demo's relay, a process of its own, so that it can be killed and started again as any relay.

It is `relay run` with a desk on its admin port. Its standard input and output are lines of JSON, by
which the demo that has started it hears what happens, and tells it what stands on the desk:

    out   {"ready": true}  {"picture": true}  {"say": [kind, which, how]}
          {"press": [act, on]}  {"failed": [message, hint, exit code]}
    in    {"acts": {...}}

It ends when nobody writes any more.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relay.app import House, run
from relay.config import Config
from relay.demo import clip
from relay.demo.desk import Desk
from relay.errors import OperatorError

LOOK_SECONDS = 0.2
LONGEST_LINE = 1 << 20

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


def conf(ports: tuple[int, int], store: Path, channel: str, fed: Mapping[str, str]) -> str:
    """Its configuration file. `fed`: URLs of upstreams by name."""
    port, page = ports
    told = _CONF.format(port=port, page=page, store=store, channel=channel, duration=clip.D)
    tables = [f'[channels.{channel}.upstreams.{to}]\nurl = "{url}"\n' for to, url in fed.items()]
    return "\n".join([told, *tables])


async def serve(config: Config) -> None:
    """Run until SIGINT, or until nobody writes any more."""
    desk = Desk(lambda act, on: _tell("press", [act, on]))
    tasks = [asyncio.create_task(_hear(desk))]

    def opened(house: House) -> None:
        _tell("ready", True)
        tasks.append(asyncio.create_task(_follow(house)))

    try:
        await run(config, opened, annex=desk.annex())
    except OperatorError as error:
        _tell("failed", [error.message, error.hint, error.exit_code])
    finally:
        for task in tasks:
            task.cancel()


async def _hear(desk: Desk) -> None:
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        desk.acts = json.loads(line)["acts"]
    signal.raise_signal(signal.SIGTERM)


async def _follow(house: House) -> None:
    """A line for each event of the channel's journal, and for its first picture.

    That upstreams do not answer before they have taken something is not told: the demo starts them
    when there is a picture, which would wait for them otherwise.
    """
    told = 0
    (channel,) = house.channels.values()
    seen = False
    taken: set[str] = set()
    while True:
        if not seen and any(rendition.segments for rendition in channel.presentation.renditions):
            seen = True
            _tell("picture", True)
        for number, event in list(channel.journal.events.items()):
            if number > told:
                told = number
                what, _, word = event.code.partition("_")
                name = event.text.partition(":")[0]
                if what == "UPSTREAM" and event.grave and name not in taken:
                    continue
                taken.add(name)
                text = f"{word}: {event.text}" if what == "CHANNEL" else event.text
                _tell("say", [what.lower(), "!" if event.grave else "", text])
        await asyncio.sleep(LOOK_SECONDS)


def _tell(kind: str, what: Any) -> None:
    sys.stdout.write(json.dumps({kind: what}) + "\n")
    sys.stdout.flush()
