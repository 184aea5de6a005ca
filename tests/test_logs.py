"""What the log leaves out, and that it says so."""

import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest
import structlog

from relay import logs
from relay.logs import BURST, MOST_KEYS, REFILL, Limiter, limited

KEY = ("INGEST_URL", "")


def test_a_burst_then_one_now_and_then_which_tells_of_the_others() -> None:
    limiter = Limiter()
    assert [limiter.admit(KEY, 0.0) for _ in range(BURST + 5)] == [0] * BURST + [None] * 5
    assert limiter.admit(("SOURCE_LOST", "news"), 0.0) == 0, "others have their own"
    assert limiter.admit(KEY, REFILL / 2) is None
    assert limiter.admit(KEY, REFILL) == 6
    assert limiter.admit(KEY, REFILL) is None
    assert limiter.admit(KEY, 1000 * REFILL) == 1
    assert [limiter.admit(KEY, 1000 * REFILL) for _ in range(BURST)] == [0] * (BURST - 1) + [None]


def test_the_kinds_that_it_knows_are_bounded() -> None:
    limiter = Limiter()
    for at in range(3 * MOST_KEYS):
        limiter.admit((f"{at}", ""), 0.0)
    assert len(limiter._buckets) == MOST_KEYS


def test_tracebacks_are_always_written() -> None:
    process = limited(Limiter(), lambda: 0.0)
    for _ in range(BURST):
        process(None, "warning", {"code": "X", "event": "x"})
    with pytest.raises(structlog.DropEvent):
        process(None, "warning", {"code": "X", "event": "x"})
    for method, line in (("critical", {}), ("error", {"exc_info": True}), ("exception", {})):
        assert process(None, method, {"code": "X", **line})


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What goes to standard error, as `relay run` sets it up; afterwards all is as it was."""
    there = StringIO()
    root, asyncio_ = logging.getLogger(), logging.getLogger("asyncio")
    before = root.handlers[:], root.level, asyncio_.level
    kept = structlog.get_config()
    with redirect_stderr(there):
        logs.configure()
        yield there
    root.handlers[:], asyncio_.level = before[0], before[2]
    root.setLevel(before[1])
    structlog.configure(**kept)


def test_each_line_is_json_in_utc_with_its_code(written: StringIO) -> None:
    log = structlog.get_logger("relay.somewhere")
    for _ in range(BURST + 1):
        log.warning("refused", code="INGEST_URL", channel="news", peer="\x1b[31m\n")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) == BURST
    assert lines[0] | {"timestamp": ""} == {
        "event": "refused",
        "code": "INGEST_URL",
        "channel": "news",
        "peer": "\x1b[31m\n",
        "level": "warning",
        "timestamp": "",
    }
    assert lines[0]["timestamp"].endswith("Z")
    assert "\x1b" not in written.getvalue()
