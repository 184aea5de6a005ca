"""One of several data centres as players know it: all that its relay has ever said and served."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.timetable import Timetable

CHANNEL, TRACKS = "news", 3


@dataclass(slots=True)
class Site:
    """A relay, and what came to light of its channel, look by look: `told`.

    bodies   every init and media segment by path, fetched once;  changed   by `again`
    """

    relay: RelayProcess
    told: Timetable = field(default_factory=Timetable)
    bodies: dict[str, bytes] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    @property
    def point(self) -> str:
        """The URL of its publishing point."""
        return f"{self.relay.url}/{CHANNEL}.isml"

    @property
    def edges(self) -> dict[str, int]:
        """The newest number of each track when it was last looked at."""
        return {track: max(self.told.numbers(track)) for track in self.told.tracks}

    def look(self) -> None:
        """Read every document, once all tracks can be played, and fetch what is new in HLS."""
        known = set(self.told.hls)
        self.told.look(self.relay.url, CHANNEL, TRACKS)
        for key in self.told.hls.keys() - known:
            line = self.told.hls[key]
            for path in (line.init, line.path)[: 1 if line.gap else 2]:
                if path not in self.bodies:
                    self.bodies[path] = served.fetch(f"{self.relay.url}{path}")

    def again(self) -> None:
        """Fetch once more what the playlists name now: `changed` are paths with other bytes."""
        for track in served.channel(self.relay.url, CHANNEL).values():
            root = urlsplit(track.url).path.removesuffix("index.m3u8")
            now = {f"{root}{index}.m4s": body for index, body in track.segments.items()}
            self.changed += [p for p, body in now.items() if self.bodies.get(p, body) != body]


def until(what: str, sites: Sequence[Site], holds: Callable[[], bool], limit: float = 60) -> None:
    """Look at the sites until it holds. AssertionError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        time.sleep(0.3)
        look(*sites)


def look(*sites: Site) -> None:
    """Look at each."""
    for site in sites:
        site.look()
