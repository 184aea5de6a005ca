"""Legs: model encoders in front of a relay, each on a network of its own that can be broken.

A leg in this process is what `relay push` is (its plan, its courier); one that is to be
killed with SIGKILL is `relay push` as a process. Both send fragments of `D`, short ones, so that a
run sees many of them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from relay.courier.courier import Courier
from relay.encoder.cutting import make as cut
from relay.encoder.faults import Faults, parse
from relay.encoder.plan import Plan
from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, spread
from relay.mp4.recording import read
from relay.uplink.address import address
from tests.encoder.clips import Shape, make
from tests.faults.ledger import Ledger
from tests.faults.proxy import Proxy
from tests.faults.witness import Witness, newest

D = Fraction(12, 25)
"""0.48 s: 12 pictures, 22.5 frames of AAC. Shorter ones have no number: their index from 1970 would
not fit 32 bits."""
PLAIN = ("-bf", "0", "-f", "mp4")
"""No B-frames: their decode times run so far ahead that a fragment this short would be whole only
when the next one comes, and each is to have its verdict at once."""
CLIP = Shape("faults.mp4", Fraction(25), 12, 48000, 20, PLAIN, rates=(120,))
SETTINGS = {"fragment_duration": "0.48", "dvr_window": 3600, "patience": 6}
"""Patient, so that a machine that does other things too causes no gap by itself."""
SETTLED = 60.0


def clip(folder: Path, shape: Shape = CLIP) -> Path:
    """The programme, as a file."""
    return make(shape, folder)


def stamper(path: Path, *, width: int = 0, base: int = 0, cell: Fraction = D) -> Stamper:
    """What makes fragments of it. `width`: bits of the index in tfxd version 2; 0: version 1.

    `cell`: seconds of a fragment, as long as the clip's groups of pictures.
    """
    return Stamper.of(cut(read(path.read_bytes()), cell), width, base)


@dataclass(slots=True)
class Leg:
    """One encoder, its streams' senders, and its network."""

    name: str
    proxy: Proxy
    plans: Sequence[Plan]

    @property
    def answers(self) -> list[str]:
        """What each stream was told last."""
        return [plan.progress.answer for plan in self.plans]

    @property
    def posts(self) -> int:
        return sum(plan.progress.posts for plan in self.plans)


@dataclass(slots=True)
class Channel:
    """One channel of a relay in a test: where it is, its ledger, its witness."""

    name: str
    port: int
    ledger: Ledger
    witness: Witness

    @classmethod
    def of(cls, name: str, port: int, cell: Fraction = D) -> "Channel":
        witness = Witness(f"http://127.0.0.1:{port}/{name}.isml")
        return cls(name, port, Ledger(cell), witness)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """With its witness, who looks for the last time when all that was delivered is published.

        That has a limit: what is not published then, the invariants will tell.
        """
        async with self.witness.watching():
            yield
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLED):
                    while not all(map(self._published, self.ledger.tracks())):
                        await asyncio.sleep(0.1)

    def _published(self, track: str) -> bool:
        known = self.witness.tracks.get(track)
        return known is not None and newest(known) >= max(self.ledger.of(track))

    @asynccontextmanager
    async def leg(
        self,
        made: Stamper,
        name: str,
        *faults: str,
        streams: str = "all",
        only: str = "",
        lasts: float = 0,
        seed: int = 1,
        patient: bool = False,
        began: int = 0,
    ) -> AsyncIterator[Leg]:
        """A model encoder that pushes until the end of the context. `lasts` in seconds.

        `name` is that of its source. `only`: of its streams, those whose ids begin so; then several
        legs are one encoder, each stream on a network of its own. `patient`: it gives no POST up
        by itself, however slow the machine is; so one that it had to begin anew was ended for it.
        `began`: ms since 1970, from where several legs count their fragments; 0: from now.
        """
        now = began or utc()
        ends = now + int(lasts * 1000) if lasts else None
        wrong = Faults([parse(text) for text in faults], seed)
        leg = f"{name}-{only}" if only else name
        async with Proxy(self.port, self.ledger, leg) as proxy:
            point = f"{proxy.url}/{self.name}.isml"
            plans = [
                (_Patient if patient else Plan)(stream, made, tracks, now, ends, wrong)
                for stream, tracks in spread(made, Grouping(streams)).items()
                if stream.startswith(only)
            ]
            couriers = [Courier(address(point, plan.stream, "", name), plan, utc) for plan in plans]
            tasks = [asyncio.create_task(courier.run()) for courier in couriers]
            try:
                yield Leg(leg, proxy, plans)
            finally:
                for courier in couriers:
                    courier.stop()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)


class _Patient(Plan):
    """A plan that waits for as long as any test."""

    @property
    def send_timeout(self) -> int:
        return 120_000


def utc() -> int:
    """ms since 1970."""
    return time.time_ns() // 1_000_000
