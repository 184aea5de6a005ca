"""An upgrade without downtime, as `docs/deploy.md` has it.

Two relays behind nginx on one machine, each with its encoder, are stopped and started in turn,
while a player goes on through nginx.
"""

import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from tests.e2e.front import NGINX, Front, nginx
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess
from tests.e2e.served import get
from tests.e2e.test_front import player as asked

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(240),
    pytest.mark.skipif(NGINX is None, reason="needs nginx (apt-get install nginx-light)"),
]
SETTINGS = {"fragment_duration": "48/25", "anchor": "utc", "fail_over": ["stale", "no_source"]}
GAP = re.compile(r"(?m)^#EXT-X-GAP\n(?:#.*\n)*\d+\.m4s$")
LIMIT = 60.0


@dataclass(slots=True)
class Player:
    """Reads the playlist of a rendition through nginx, and every segment that it lists, once."""

    front: Front
    track: str
    faults: list[str] = field(default_factory=list)
    got: dict[int, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._play)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _play(self) -> None:
        while not self._over.wait(0.3):
            status, _, body = asked(self.front, f"/news.isml/{self.track}/index.m3u8")
            if status != 200:
                self.faults.append(f"playlist: {status}")
                continue
            listed = GAP.sub("", body.decode())
            for index in map(int, re.findall(r"(?m)^(\d+)\.m4s", listed)):
                if index in self.got:
                    continue
                status, _, media = asked(self.front, f"/news.isml/{self.track}/{index}.m4s")
                self.got[index] = len(media)
                if status != 200:
                    self.faults.append(f"{index}: {status}")


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def track_of(relay: RelayProcess) -> str:
    """Its first rendition, or nothing yet."""
    answer = get(f"{relay.url}/news.isml/master.m3u8")
    found = re.search(r"(?m)^([\w-]+)/index\.m3u8", answer.body.decode())
    return found[1] if found and answer.status == 200 else ""


def test_two_relays_are_upgraded_in_turn_and_players_notice_nothing(
    loop: Path, tmp_path: Path
) -> None:
    for name in ("one", "two", "nginx"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        pair = [
            stack.enter_context(RelayProcess(tmp_path / name, {"news": SETTINGS}))
            for name in ("one", "two")
        ]
        for relay, source in zip(pair, ("enc_a", "enc_b"), strict=True):
            push = Push(loop, f"{relay.url}/news.isml", source, tmp_path)
            stack.enter_context(push).start()
        until(lambda: all(map(track_of, pair)), "both have something to play")
        ports = (relay.port for relay in pair)
        front = stack.enter_context(nginx(tmp_path / "nginx", *ports))
        player = stack.enter_context(Player(front, track_of(pair[0])))
        for relay in pair:
            until_more(player, 3)
            relay.terminate()
            assert relay.wait() == 0
            until_more(player, 2)
            relay.start()
            until(partial(track_of, relay), "it is back, and has new media")
        until_more(player, 3)
    assert player.faults == []
    assert sorted(player.got) == list(range(min(player.got), max(player.got) + 1))
    assert not [relay.text() for relay in pair if "Traceback" in relay.text()]


def until_more(player: Player, count: int) -> None:
    """Until the player has so many segments more."""
    wanted = len(player.got) + count
    until(lambda: len(player.got) >= wanted, f"no {count} segments more: {player.faults}")
