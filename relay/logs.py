"""The log: console lines on a terminal, JSON lines otherwise, in UTC, on standard error.

Every line has a code word (`code`), the same as in answers, journal, alarms and documentation. A
line is for a change; what strangers can repeat (connections that come and go, refusals) is limited
to `BURST` lines of one code and channel, and one more each `REFILL` seconds. The next line that is
written says how many were left out (`left_out`). Tracebacks and what ends something are always
written.
"""

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog

BURST = 20
REFILL = 3.0
MOST_KEYS = 512
_ALWAYS = frozenset(("critical", "exception", "fatal"))

Line = MutableMapping[str, Any]
Key = tuple[str, str]


@dataclass(slots=True)
class _Bucket:
    """Lines that may still be written, as of a time, and how many were not."""

    left: float
    at: float
    out: int = 0


@dataclass(slots=True)
class Limiter:
    """How many lines of one kind may be written. Of too many kinds the oldest is forgotten."""

    _buckets: dict[Key, _Bucket] = field(default_factory=dict)

    def admit(self, key: Key, now: float) -> int | None:
        """None: leave it out; else how many of its kind were left out since the last one."""
        bucket = self._buckets.pop(key, None) or _Bucket(BURST, now)
        self._buckets[key] = bucket
        if len(self._buckets) > MOST_KEYS:
            del self._buckets[next(iter(self._buckets))]
        bucket.left = min(BURST, bucket.left + (now - bucket.at) / REFILL)
        bucket.at = now
        if bucket.left < 1:
            bucket.out += 1
            return None
        bucket.left -= 1
        out, bucket.out = bucket.out, 0
        return out


def limited(limiter: Limiter, now: Callable[[], float]) -> Callable[[Any, str, Line], Line]:
    """A processor for structlog that leaves out what comes too often."""

    def process(_logger: Any, method: str, line: Line) -> Line:
        if method in _ALWAYS or line.get("exc_info"):
            return line
        key = str(line.get("code") or line.get("event")), str(line.get("channel", ""))
        out = limiter.admit(key, now())
        if out is None:
            raise structlog.DropEvent
        if out:
            line["left_out"] = out
        return line

    return process


def configure(level: int = logging.INFO) -> None:
    """Set up the log of this process."""
    human = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(["code"]),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            limited(Limiter(), time.monotonic),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
