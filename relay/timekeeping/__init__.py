"""How far the clock of this machine is off, as far as somebody on it knows.

Times of encoders are held against this clock (clock offsets of sources, Live-Edge-Age), so a relay
whose own clock is wrong accuses honest encoders. Whoever disciplines the clock knows its offset,
and is asked, in this order:

    chrony   `chronyc -c tracking`: a line of values; the fifth is the offset in seconds, above 0
             when the clock is slow
    ntpd     `ntpq -c rv`: a list of name=value; `offset` in ms, above 0 when the clock is slow
    kernel   adjtimex(2), which needs no program: whether anybody keeps the clock (STA_UNSYNC), and
             within which bound (maxerror); the offset itself it knows of no other's work

The kernel says enough for systemd-timesyncd and for containers, and nothing about how far it is
off; then the offset is unknown, which is no alarm. A hardened unit may forbid adjtimex: then all is
unknown.
Offsets are in seconds, above 0 when this machine's clock is ahead. Sans-IO; `host` asks.
"""

from dataclasses import dataclass

STA_UNSYNC = 0x0040
"""Bit of timex.status (linux/timex.h): nobody keeps the clock."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is known. None: unknown.

    by            who said it: "chrony", "ntpd", "kernel", or "" for nobody
    offset        seconds that this clock is ahead;  bound  of the error, in seconds
    synchronised  somebody keeps the clock
    """

    by: str = ""
    offset: float | None = None
    bound: float | None = None
    synchronised: bool | None = None

    def amiss(self, tolerance: float) -> bool:
        """It is known to be further off than `tolerance` seconds; 0: that is never asked."""
        return bool(tolerance) and self.offset is not None and abs(self.offset) > tolerance


def chrony(said: str) -> ClockState | None:
    """What `chronyc -c tracking` printed; None when that says nothing."""
    values = said.strip().split(",")
    try:
        slow, delay, dispersion = float(values[4]), float(values[10]), float(values[11])
    except (IndexError, ValueError):
        return None
    kept = values[-1] != "Not synchronised"
    if not kept:
        return ClockState("chrony", synchronised=False)
    return ClockState("chrony", -slow, delay / 2 + dispersion, True)


def ntpd(said: str) -> ClockState | None:
    """What `ntpq -c rv` printed; None when that says nothing."""
    found = dict(
        pair.strip().split("=", 1) for pair in said.replace("\n", ",").split(",") if "=" in pair
    )
    try:
        slow, distance = float(found["offset"]), float(found.get("rootdisp", "0"))
    except (KeyError, ValueError):
        return None
    if "leap_alarm" in said or found.get("leap") == "11":
        return ClockState("ntpd", synchronised=False)
    return ClockState("ntpd", -slow / 1000, distance / 1000, True)


def kernel(status: int, maxerror: int) -> ClockState:
    """What adjtimex filled in; `maxerror` in microseconds."""
    if status & STA_UNSYNC:
        return ClockState("kernel", synchronised=False)
    return ClockState("kernel", bound=maxerror / 1e6, synchronised=True)
