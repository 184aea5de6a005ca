"""The status of a relay as a person reads it on a terminal: a function of `/api/v1/status`.

One table of tracks and one of senders for each channel, a line for each upstream, then what is
amiss, one line each. Names come from strangers, so everything is text and nothing is markup.
Another program's status may be anything: what is not there raises LookupError, TypeError or
AttributeError.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

Said = Mapping[str, Any]

_TRACKS = ("track", "codecs", "kbit/s", "first", "last", "gaps")
_COUNTS = {"won": "won", "duplicate": "dup", "late": "late", "differs": "diff", "gap": "gap"}
_HOW = "how it is"
_SENDERS = ("source", "track", _HOW, *_COUNTS.values(), "kbit/s", "offset")


def tables(status: Said) -> Iterator[RenderableType]:
    """What to print, in order."""
    for name, channel in status["channels"].items():
        preferred = channel.get("preferred")
        more = f", prefers {preferred}" if preferred else ""
        yield Text.assemble((name, "bold"), "  ", str(channel["protection"]), more)
        yield _tracks(channel["tracks"])
        senders = _senders(channel["sources"])
        if senders.row_count:
            yield senders
        for upstream, how in channel.get("upstreams", {}).items():
            yield Text(_upstream(upstream, how))
        if channel.get("degraded"):
            yield Text(f"! STORE_DEGRADED  {channel['degraded']}")
        if channel.get("unlike"):
            yield Text(f"! PEER_DIFFERS  {channel['unlike']}")
        elif channel.get("alone"):
            yield Text(f"! WITHOUT_PEER  it numbers on its own: relay reset {name} --join")
        for warning in channel["warnings"]:
            yield Text(f"! {warning['code']}  {warning['text']}")
    for name in status.get("stopped", []):
        yield Text.assemble((name, "bold"), f"  STOPPED; to start it: relay channel start {name}")


def _tracks(tracks: list[Said]) -> Table:
    table = _table(_TRACKS)
    for track in tracks:
        edge = (track[key] for key in ("first", "last", "gaps"))
        _row(table, track["name"], track["codecs"], _kbits(track["bandwidth"]), *edge)
    return table


def _senders(sources: Said) -> Table:
    table = _table(_SENDERS)
    for name, source in sources.items():
        for track, facts in source["tracks"].items():
            counts = (facts[key] for key in _COUNTS)
            offset = _offset(facts["clock_offset_ms"])
            rate = _kbits(facts["bitrate"])
            _row(table, name, track, _how(source, facts), *counts, rate, offset)
    return table


def _upstream(name: str, how: Said) -> str:
    """`again` may be absent: an older relay does not tell it."""
    counts = ", ".join(f"{how[what]} {what}" for what in ("sent", "lost"))
    reason = f" ({how['reason']})" if how["reason"] else ""
    at = how.get("again", 0)
    again = f", tried again at {datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S} UTC" if at else ""
    behind = f"{how['backlog']} backlog ({how['seconds']:.1f} s)"
    return f"to {name}: {how['state']}{reason}{again}; {behind}, {counts}"


def _how(source: Said, facts: Said) -> str:
    """In words: silent, what is wrong, or healthy."""
    words = [word.replace("_", " ") for word in facts["words"]]
    if facts["state"] != "well":
        words.append(facts["state"])
    if not source["alive"]:
        words.insert(0, "silent")
    return ", ".join(words) or "healthy"


def _kbits(bits: int | None) -> str:
    return f"{bits / 1000:.0f}" if bits else "-"


def _offset(ms: int | None) -> str:
    """The clock offset of `diagnosis.synchrony`: below 0, so old is the newest media on arrival."""
    return "-" if ms is None else f"{ms:+d} ms"


def _table(heads: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        widest = len("discontinuity") if head == _HOW else None
        whole = head not in (_HOW, "codecs")
        table.add_column(head, overflow="fold", min_width=widest, no_wrap=whole)
    return table


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text("-" if cell is None else str(cell)) for cell in cells))
