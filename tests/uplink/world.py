"""A timeline that grows as a test says, what is stored for it, and a receiver that reads bodies."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache

from relay.ingest.smooth import Session, read_header
from relay.media import Copy, Entry, Fragment, Gap, Header
from relay.mp4.fragment import parse_moof
from relay.mp4.reader import BoxReader
from relay.numbering import Grid
from relay.presentation import Presentation, fold, register
from relay.uplink.bursts import Bursts
from relay.uplink.cursor import Cursor
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Answer, Fetch, Finish, Open, Probe, Send, Step, Wait
from relay.uplink.uplink import Uplink
from tests import door
from tests.mp4.recorded import box, moof, tfhd, tfxd, traf, trun

OK = Answer(200)
D = Fraction(2)
CELL = 2_000
"""D in ms."""
FIRST = 900_000_000
LATER = 100_000


@cache
def av() -> Header:
    """A captured header of one video and one audio track."""
    return read_header("main", door.header(door.AV))


@dataclass
class World:
    """Grows cell by cell. `window` in seconds; `header`: of the one stream `main`."""

    header: Header = field(default_factory=av)
    window: int = 120
    shown: Presentation = field(init=False)
    stored: dict[Fetch, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shown = Presentation("news", Grid(D), Fraction(self.window))
        for told in self.header.tracks:
            self.shown = register(self.shown, told.track, 1000)

    @property
    def names(self) -> list[str]:
        return [told.track.name for told in self.header.tracks]

    def grow(
        self, index: int, *, gap: bool = False, run: int = 0, at: int | None = None, only: str = ""
    ) -> None:
        """One cell of each track, or of `only` one; it begins at `at` (seconds, else by index)."""
        for told in self.header.tracks:
            track = told.track
            if only not in ("", track.name):
                continue
            scale = track.timescale
            time = int((index * D if at is None else at) * scale)
            length = int(D * scale)
            if track.parent:
                self.event(track.name, run, index, time)
                continue
            if gap:
                member: Copy | Gap = Gap(track.name, run, index, time, length, 0)
            else:
                data = fragment(9, time, length, f"{track.name}/{index}".encode())
                member = Copy(track.name, run, index, time, length, 1, "a", 0, len(data))
                self.stored[Fetch(track.name, run, index)] = data
            self.shown = fold(self.shown, Entry(member))

    def event(self, track: str, run: int, index: int, time: int) -> None:
        """An event of a sparse track becomes visible."""
        data = fragment(9, time, 0, f"{track}/{index}".encode())
        copy = Copy(track, run, index, time, 0, 1, "a", 0, len(data), event=True)
        self.stored[Fetch(track, run, index, time)] = data
        known = self.shown.events.get(track, ())
        self.shown = replace(self.shown, events={**self.shown.events, track: (*known, copy)})

    def bring(self, uplink: Uplink | Bursts, wanted: Fetch) -> None:
        found = self.stored.get(wanted)
        uplink.brought(wanted, None if found is None else [found])


def fragment(track_id: int, time: int, duration: int, media: bytes) -> bytes:
    """A fragment of one sample, as some stream numbered it."""
    run = trun(0x301, 1, 0, duration, len(media))
    return moof(traf(tfhd(track_id), run, tfxd(time, duration))) + box("mdat", media)


@dataclass
class Receiver:
    """Reads one body as far as it came: what its header was, and each whole fragment."""

    world: World

    def read(self, body: bytes) -> list[Fragment]:
        """Raises when it is not the grammar, or does not begin with the canonical header."""
        header = self.world.header.data
        assert body[: len(header)] == header[: len(body)]
        session = Session("main")
        found: list[Fragment] = []
        for one in BoxReader().feed(body):
            found += [item for item in session.take(one) if isinstance(item, Fragment)]
        return found

    def numbers(self, body: bytes) -> list[int]:
        """The moofs' sequence numbers."""
        return [
            parse_moof(one.data).sequence_number
            for one in BoxReader().feed(body)
            if one.type == "moof"
        ]


def media(found: Fragment) -> str:
    """The name that `World.grow` gave it."""
    return bytes(found.data[-1])[8:].decode()


def opened(uplink: Uplink, now: int) -> None:
    """Through the probe, into a POST."""
    assert uplink.step(now) == Probe()
    uplink.probed(OK, now)
    assert uplink.step(now) == Open()


def pumped(
    uplink: Uplink, world: World, now: int, until: int, most: int = 1 << 30
) -> tuple[bytes, Step, int]:
    """Step within a POST until something else than sending is due: bytes, that step, when."""
    body = bytearray()
    while True:
        step = uplink.step(now)
        match step:
            case Send(data):
                body += data
                if len(body) >= most:
                    return bytes(body), step, now
            case Fetch():
                world.bring(uplink, step)
            case Wait(at) if at <= until:
                now = max(now, at)
            case _:
                return bytes(body), step, now


def made_for(world: World, *, width: int = 0, cursor: Cursor | None = None) -> Uplink:
    made = Uplink(Stamps.of(world.header, width=width), cursor or Cursor())
    made.see(world.shown)
    return made


def grown(count: int, first: int = FIRST) -> World:
    world = World()
    for index in range(first, first + count):
        world.grow(index)
    return world


def names(world: World, *indexes: int) -> list[str]:
    return [f"{name}/{index}" for index in indexes for name in world.names]


def sent(made: Uplink, world: World, now: int) -> tuple[list[str], int]:
    """All that can go up by pacing; what then waits is for more to come. And the time then."""
    body, step, now = pumped(made, world, now, now + 60_000)
    assert isinstance(step, Finish)
    return [media(found) for found in Receiver(world).read(body)], now


def live(made: Uplink, world: World, now: int) -> tuple[bytes, int]:
    """All that can go up, paced, while the POST stays open."""
    parts = bytearray()
    while True:
        body, step, now = pumped(made, world, now, now)
        parts += body
        assert isinstance(step, Wait)
        if made.supply.due() is None:
            return bytes(parts), now
        now = step.until
