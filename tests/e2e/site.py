"""One of several data centres as players know it: all that its relay has ever said and served."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.e2e import served
from tests.e2e.relay_process import RelayProcess
from tests.e2e.timetable import Timetable

CHANNEL = "news"


@dataclass(slots=True)
class Site:
    """A relay and what came to light of its channel, look by look.

    bodies   every init and media segment by path;  changed   paths that were served otherwise later
    """

    relay: RelayProcess
    told: Timetable = field(default_factory=Timetable)
    bodies: dict[str, bytes] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    @property
    def point(self) -> str:
        """The URL of its publishing point."""
        return f"{self.relay.url}/{CHANNEL}.isml"

    def look(self) -> None:
        """Read every document, and fetch every segment that HLS names."""
        self.told.look(self.relay.url, CHANNEL)
        for track in served.channel(self.relay.url, CHANNEL).values():
            root = urlsplit(track.url).path.removesuffix("index.m3u8")
            for index, body in track.segments.items():
                self._keep(f"{root}{index}.m4s", body)
            self._keep(self.told.hls[track.name, track.sequence].init, track.init)

    def now(self) -> Timetable:
        """What it says at this moment alone; empty before there is something to play."""
        now = Timetable()
        if served.get(f"{self.point}/master.m3u8").status == 200:
            now.look(self.relay.url, CHANNEL)
        return now

    @property
    def edges(self) -> dict[str, int]:
        """The newest number of each track, by now."""
        now = self.now()
        return {track: max(now.numbers(track)) for track in now.tracks}

    def _keep(self, path: str, body: bytes) -> None:
        if self.bodies.setdefault(path, body) != body:
            self.changed.append(path)
