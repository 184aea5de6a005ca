"""What guessing costs: an address that was wrong too often is not heard for a while.

It is the address that waits, never the source: locking the account of an encoder would be a way to
take it off the air. In IPv6 it is the network of 64 bits, the least that a customer has (RFC 6177).
Sans-IO; `now` in ms.
"""

from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address

MOST = 10
WITHIN_MS = 60_000
WAIT_MS = 60_000
MOST_ADDRESSES = 4_096
"""Addresses that are remembered, the newest: an attacker with more of them has a network."""


@dataclass(slots=True)
class Tries:
    """The failures of late, by address or network."""

    _failed: dict[str, deque[int]] = field(default_factory=dict)

    def waits(self, address: str, now: int) -> int:
        """How many ms until it is heard again; 0: now."""
        failed = self._failed.get(_home(address))
        if failed is None or len(failed) < MOST or failed[-1] - failed[0] > WITHIN_MS:
            return 0
        return max(0, failed[-1] + WAIT_MS - now)

    def failed(self, address: str, now: int) -> None:
        """It has shown the wrong thing."""
        home = _home(address)
        times = self._failed.pop(home, deque(maxlen=MOST))
        times.append(now)
        self._failed[home] = times
        if len(self._failed) > MOST_ADDRESSES:
            del self._failed[next(iter(self._failed))]


def _home(address: str) -> str:
    """Whose address it is: itself, or the first half of one of IPv6 that is no IPv4 address."""
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address)
    except ValueError:  # a front end may say anything
        return address
    return address if known.ipv4_mapped else known.packed[:8].hex()
