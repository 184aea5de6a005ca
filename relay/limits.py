"""How much one encoder, one address and one stream may ask for.

What the format itself needs is fixed where it is read: 8 levels of boxes, 256 boxes a fragment,
10,000 samples, 32 tracks a stream, 64 streams a channel. What depends on the site is here. Each has
its refusal: 413, 408, 400 INGEST_CHUNKING, 503, 409 INGEST_SOURCES. Sans-IO.
"""

from dataclasses import dataclass, field

from relay import admission
from relay.admission import Admission
from relay.ingest import pace
from relay.ingest.pace import Pace
from relay.mp4 import reader


@dataclass(frozen=True, slots=True)
class Limits:
    """`idle` in ms that a body may be silent, `rate` its least bytes a second, `chunk` their mean
    size; `posts` that are open, of all and of one address; `sources` of one stream; `boxes` sizes.
    """

    idle: int = 12_000
    rate: int = 500
    chunk: int = pace.SMALLEST
    posts: int = admission.MOST_BODIES
    posts_per_address: int = admission.MOST_PER_ADDRESS
    sources: int = admission.MOST_SOURCES
    boxes: reader.Limits = field(default_factory=reader.Limits)

    def admission(self) -> Admission:
        """Nobody is in yet."""
        return Admission(self.posts, self.posts_per_address, self.sources)

    def pace(self, now: int) -> Pace:
        """Of a body that begins now, in ms."""
        return Pace(now, idle=self.idle, rate=self.rate, smallest=self.chunk)
