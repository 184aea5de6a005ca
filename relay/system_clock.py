"""The two clocks of the house, as the machine has them."""

import time


class SystemClock:
    """A `relay.clock.Clock`, in ms."""

    def now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def utc(self) -> int:
        return time.time_ns() // 1_000_000
