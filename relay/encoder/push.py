"""The composition root of a push: a file becomes a stamper, streams, plans and couriers."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rich.console import Console

from relay.courier.access import Access
from relay.courier.courier import Courier
from relay.encoder.cutting import make as cut
from relay.encoder.display import Display
from relay.encoder.faults import Faults, parse
from relay.encoder.orders import hear
from relay.encoder.plan import Plan
from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, spread
from relay.errors import EncoderError, OperatorError
from relay.mp4.recording import read
from relay.uplink.address import address, split

REFRESH = 0.25
AGENT = "relay-push"


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asked for. `lasts` in ms, 0 = until Ctrl-C; `width` as in Stamper;
    `hears`: more orders come by standard input.
    """

    file: Path
    url: str
    source: str = ""
    streams: str = "all"
    duration: Fraction | None = None
    width: int = 0
    base: int = 0
    lasts: int = 0
    faults: tuple[str, ...] = ()
    seed: int = 0
    user: str = ""
    password: str = ""
    token_file: Path | None = None
    verify: bool = True
    cert_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None
    hears: bool = False

    def access(self) -> Access:
        """Who it is, and whom it trusts. Raises OperatorError for a file that cannot be used."""
        token = _read("--token-file", self.token_file).decode().strip() if self.token_file else ""
        found = Access(
            *(self.user, self.password, token, self.verify),
            ca_file=self.ca_file,
            cert_file=self.cert_file,
            key_file=self.key_file,
        )
        try:
            found.context()
        except OSError as error:
            raise OperatorError(
                f"The certificates cannot be used: {error.strerror or error}.",
                hint="They have to be PEM; see --cert-file, --key-file and --ca-file.",
            ) from None
        return found


def carry_out(order: Order) -> bool:
    """Push until it ends, or Ctrl-C. True: every stream ended cleanly. Raises OperatorError."""
    faults = Faults([parse(text) for text in order.faults], order.seed)
    access = order.access()
    data = _read("FILE", order.file)
    try:
        stamper = Stamper.of(cut(read(data), order.duration), order.width, order.base)
    except EncoderError as error:
        raise OperatorError(f"{order.file}: {error.message}", hint=error.hint) from None
    except ValueError as error:
        raise OperatorError(f"{order.file} cannot be read: {error}.") from None
    return asyncio.run(_push(order, stamper, faults, access))


def _read(what: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise OperatorError(f"{what} {file} cannot be read: {error.strerror}.") from None


async def _push(order: Order, stamper: Stamper, faults: Faults, access: Access) -> bool:
    try:
        grouping = Grouping(order.streams)
    except ValueError:
        raise OperatorError(f"--streams is one of {', '.join(Grouping)}.") from None
    point, named, query = split(order.url)
    began = _utc()
    ends = began + order.lasts if order.lasts else None
    jitter = random.Random(order.seed or None).randrange  # noqa: S311 - no secret
    plans = {
        stream: Plan(stream, stamper, tracks, began, ends, faults, jitter)
        for stream, tracks in spread(stamper, grouping, named).items()
    }
    couriers = [
        Courier(
            address(point, stream, query, order.source), plan, _utc, lambda: access, agent=AGENT
        )
        for stream, plan in plans.items()
    ]
    console = Console(highlight=False, soft_wrap=True)
    console.print(_summary(order, stamper), markup=False)
    _end_on_signals(couriers)

    def take(text: str) -> str:
        faults.order(parse(text), max(plan.reached for plan in plans.values()))
        return f"ordered: {text}"

    hearing = asyncio.create_task(hear(sys.stdin, take, console)) if order.hears else None
    pending, clean = {asyncio.create_task(courier.run()) for courier in couriers}, True
    with Display(list(plans.values()), console) as display:
        while pending:
            done, pending = await asyncio.wait(pending, timeout=REFRESH)
            clean &= all([task.result() for task in done])  # noqa: C419 - each may raise
            display.refresh()
    if hearing is not None:
        hearing.cancel()
    return clean


def _end_on_signals(couriers: Sequence[Courier]) -> None:
    """The first SIGINT or SIGTERM ends every stream cleanly; the second ends the process."""
    loop = asyncio.get_running_loop()
    asked = False

    def ask() -> None:
        nonlocal asked
        if asked:
            raise SystemExit(130)
        asked = True
        for courier in couriers:
            courier.stop()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, ask)


def _utc() -> int:
    return time.time_ns() // 1_000_000


def _summary(order: Order, stamper: Stamper) -> str:
    made = stamper.clip
    tracks = ", ".join(sent.label for sent in stamper.tracks)
    left_out = f" (left out: {', '.join(made.left_out)})" if made.left_out else ""
    return (
        f"{order.file.name}: {tracks}{left_out}; {made.cells} fragments of {float(made.D):g} s"
        f" in a loop -> {order.url}"
    )
