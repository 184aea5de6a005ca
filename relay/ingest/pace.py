"""When a body is too slow or too finely cut to be worth a connection (threats T17 and T19).

The server has no limit of its own on a body. Three rules, with the clock handed in: silence of
`idle` ms; less than `rate` bytes a second over a span of 20 s, which holds several fragments of any
live encoder; and pieces that average under 64 bytes over 10,000 of them. Only the time that we
wait counts: a store that is slow is not the sender's fault.
"""

from dataclasses import dataclass, field

from relay.errors import BodyStalled, ChunkingAbusive

SPAN = 20_000
PIECES = 10_000
SMALLEST = 64
SPARSE_IDLE = 60_000
"""ms for which a body of sparse tracks may be silent (SPARSE-4b)."""


@dataclass(slots=True)
class Pace:
    """Watches one body. `now` in ms; `rate` 0 switches the minimum off (sparse tracks).

    `idle` in ms, `rate` in bytes a second, `smallest` mean of the pieces in bytes.
    """

    began: int
    idle: int = 12_000
    rate: int = 500
    smallest: int = SMALLEST
    _span_began: int = field(init=False)
    _last: int = field(init=False)
    _span_bytes: int = 0
    _pieces: int = 0
    _piece_bytes: int = 0

    def __post_init__(self) -> None:
        self._span_began = self._last = self.began

    def sparse(self) -> None:
        """Only events come, now and then: long silence is allowed, and there is no minimum."""
        self.idle, self.rate = max(self.idle, SPARSE_IDLE), 0

    def waits(self, now: int) -> None:
        """What came has been dealt with: from now on it is the sender's time again."""
        self._span_began += now - self._last
        self._last = now

    def took(self, size: int, now: int, pieces: int = 1) -> None:
        """So many pieces of the body came. Raises BodyStalled, ChunkingAbusive."""
        self._last = now
        self._span_bytes += size
        self._pieces += pieces
        self._piece_bytes += size
        span = now - self._span_began
        if span >= SPAN:
            if self._span_bytes * 1000 < self.rate * span:
                raise BodyStalled(
                    f"Only {self._span_bytes} bytes came in {span // 1000} s.",
                    hint="Check the encoder's uplink; end the POST while there is nothing to send.",
                )
            self._span_began, self._span_bytes = now, 0
        if self._pieces >= PIECES:
            if self._piece_bytes < self.smallest * self._pieces:
                mean = self._piece_bytes // self._pieces
                raise ChunkingAbusive(
                    f"{self._pieces} chunks of {mean} bytes on average.",
                    hint="Send larger chunks, for example 32 KiB.",
                )
            self._pieces = self._piece_bytes = 0

    def stalled(self) -> BodyStalled:
        """The error for a silence of `idle` ms."""
        return BodyStalled(
            f"Nothing came for {self.idle // 1000} s.",
            hint="End the POST while there is nothing to send, and open a new one with the header."
            " With ffmpeg, sound alone is cut only by -frag_duration 1920000.",
        )
