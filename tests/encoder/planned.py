"""A plan of one stream, with the clock and the other end in a test's hands."""

from relay.encoder.faults import Faults, parse
from relay.encoder.plan import Plan
from relay.encoder.stamp import Stamper
from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.reader import BoxReader
from relay.uplink.steps import Answer, Open, Probe, Send, Step, Wait

CELL = 1920
FIRST = 932_000_000
BEGAN = FIRST * CELL + 700
OK = Answer(200)


def plan(stamper: Stamper, *faults: str, ends: int | None = None) -> Plan:
    wrong = Faults([parse(text) for text in faults])
    until = None if ends is None else BEGAN + ends
    return Plan("main", stamper, stamper.tracks, BEGAN, until, wrong)


def live(made: Plan, now: int = BEGAN) -> None:
    assert made.step(now) == Probe()
    made.probed(OK, now)
    assert made.step(now) == Open()


def sent(made: Plan, now: int) -> bytes:
    """All bytes that go out at once; what follows them is to wait."""
    data, step, _ = run(made, now, now)
    assert isinstance(step, Wait)
    return data


def run(made: Plan, now: int, until: int) -> tuple[bytes, Step, int]:
    """Send until a moment or until something else than waiting is due: bytes, step, when."""
    parts = []
    while True:
        step = made.step(now)
        if isinstance(step, Send):
            parts.append(step.data)
        elif isinstance(step, Wait) and step.until <= until:
            now = step.until
        else:
            return b"".join(parts), step, now


def numbers(data: bytes) -> list[int]:
    """The cells that a body holds, one for each fragment of the first track."""
    return [found.time * 25 // found.track.timescale // 48 for found in told(data)]


def told(data: bytes) -> list[Fragment]:
    session = Session("main")
    found = [item for box in BoxReader().feed(data) for item in session.take(box)]
    assert isinstance(found[0], Header)
    fragments = [item for item in found if isinstance(item, Fragment)]
    return [item for item in fragments if item.track.key.bitrate == 300_000]


def cells(*ordinals: int) -> list[int]:
    return [FIRST + ordinal - 1 for ordinal in ordinals]


def due(ordinal: int) -> int:
    return (FIRST + ordinal) * CELL


def again(made: Plan, now: int) -> int:
    """Wait, probe, open; when that is."""
    step = made.step(now)
    assert isinstance(step, Wait)
    live(made, step.until)
    return step.until
