"""The "try it" strip of the page: eight things that go wrong at broadcasters, on a button each.

Each says beforehand what should happen, which is a promise: a test presses every button and holds
the page and the picture to it.
"""

from collections.abc import Awaitable, Callable

from relay.demo import clip
from relay.demo.acts import Act
from relay.demo.encoders import Encoder
from relay.demo.kept import Kept
from relay.demo.upstreams import Upstream

DELAY_MS = 2_000
"""More than the relay's `patience`, so that it is told as out of sync."""
_LIVE = "A live ffmpeg takes no orders: run the demo without --real."
_RESTART = "Another process takes up its store: the picture plays on, and there is no gap."
_RESTART_LIVE = (
    "Its store is taken up. But ffmpeg does not connect again: both are started anew, a gap."
)
_D = float(clip.D)


def strip(encoders: list[Encoder], fed: list[Upstream], hub: Kept) -> dict[str, Act]:
    """The acts by name, in the order of the page."""
    a, b = encoders
    eu, us = fed
    return {
        "stop_a": _stop(a, "A", "B"),
        "stop_b": _stop(b, "B", "A"),
        "delay_b": _delay(b),
        "drop": _ordered(
            a,
            ("drop=1-3", 4 * _D),
            "Drop 3 fragments",
            "Three are missing in A's row; B's take their places. EXPOSED for a moment, no gap.",
            "A leaves out three.",
        ),
        "poison": _ordered(
            a,
            ("poison=1", 2 * _D),
            "Poison one",
            "A dates a fragment ten years ahead. It is put aside; B's copy takes its place.",
            "One of A's is on its way.",
        ),
        "refuse_eu": Act(
            "Refuse at EU",
            "EU's card says refused, 403; US does not notice. Afterwards EU gets what it missed.",
            "It refuses.",
            eu.refuse,
            eu.accept,
            back="Accept at EU",
            hinder=_gone(eu.process),
        ),
        "stall_us": Act(
            "Stall US",
            "The way to US is blocked: its card says retrying. Afterwards it gets what it missed.",
            "It is blocked.",
            _at_once(us.gate.block),
            _at_once(us.gate.clear),
            back="Clear the way to US",
            hinder=_gone(us.process),
        ),
        "restart": Act(
            "Restart relay",
            _RESTART if a.hears else _RESTART_LIVE,
            "It starts again.",
            hub.again,
            seconds=_D,
        ),
    }


def _stop(encoder: Encoder, name: str, other: str) -> Act:
    return Act(
        f"Stop encoder {name}",
        f"EXPOSED after 6 s. Nothing happens to the picture: {other}'s copies were there already.",
        "It is stopped.",
        encoder.process.rest,
        _at_once(encoder.process.wake),
        back=f"Start encoder {name}",
    )


def _delay(encoder: Encoder) -> Act:
    async def begin() -> None:
        encoder.late(DELAY_MS)

    async def end() -> None:
        encoder.late(0)

    return Act(
        "Delay encoder B",
        "B comes 2 s later: A wins every fragment, and after 20 s B is out of sync.",
        "It is 2 s late.",
        begin,
        end,
        back="End the delay",
        hinder=_deaf(encoder),
    )


def _ordered(
    encoder: Encoder, order: tuple[str, float], label: str, expect: str, lasting: str
) -> Act:
    """`order`: the fault, and for how many seconds it lasts."""
    fault, seconds = order

    async def begin() -> None:
        encoder.order(fault)

    return Act(label, expect, lasting, begin, seconds=seconds, hinder=_deaf(encoder))


def _at_once(deed: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def done() -> None:
        deed()

    return done


def _deaf(encoder: Encoder) -> Callable[[], str]:
    """Why an encoder cannot be told anything."""

    def why() -> str:
        if not encoder.hears:
            return _LIVE
        letter = encoder.name[-1].upper()
        return "" if encoder.process.runs else f"Encoder {letter} does not run."

    return why


def _gone(process: Kept) -> Callable[[], str]:
    return lambda: "" if process.runs else f"{process.name.upper()} does not run."
