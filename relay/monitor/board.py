"""What the page shows of a channel, as plain values: a function of what the rooms hold and `utc`.

The board answers three questions at a glance: is it on air, who wins, would it survive the loss of
an encoder now. The last is one word of `relay.diagnosis.protection`.

The timeline is the last `COLUMNS` indexes. A source's cell is the outcome of its copy, or

    waiting   it is the newest index, and the source is alive: its copy is on its way
    missing   the source is alive, or has come back since, and did not deliver it
    silent    the source is not alive
    (none)    before the source came

A merged cell is "whole", "gap", or "break": whole, after a discontinuity. Objects only, and never
null: see `patch`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from relay.diagnosis import Diagnosis
from relay.diagnosis.protection import alive_since, copies_of, protection
from relay.diagnosis.tally import Tally
from relay.journal import Journal
from relay.media import Kind, Verdict
from relay.numbering import UTC_OPTION
from relay.presentation import Presentation, Rendition
from relay.uplink.standing import Standing

COLUMNS = 30

Cells = dict[str, str]
_NONE: Mapping[str, Standing] = {}


def board(
    shown: Presentation,
    diagnosis: Diagnosis,
    journal: Journal,
    gaps: Mapping[str, int],
    *,
    numbered: bool,
    patience: int,
    utc: int,
    degraded: str = "",
    upstreams: Mapping[str, Standing] = _NONE,
) -> dict[str, Any]:
    """The board of one channel. `patience` in ms, `utc` in ms since 1970.

    `degraded`: why the store keeps what comes in memory only, or "".
    """
    grid, tally = shown.grid, diagnosis.tally
    since = alive_since(grid, patience, utc)
    copies = copies_of(tally, since)
    live = [len(sources) for sources in copies.values()]
    ends = [(r, r.segments[-1]) for r in _in_order(shown) if r.segments]
    facts: dict[str, Any] = {
        "protection": protection(live),
        "copies": min(live, default=0),
        "tracks": {
            rendition.name: _track(rendition, place, len(copies.get(rendition.name, ())), gaps)
            for place, rendition in enumerate(_in_order(shown))
        },
        "sources": {source: _source(source, diagnosis, since) for source in tally.sources()},
        "events": {str(number): asdict(event) for number, event in journal.events.items()},
        "flags": {"STORE_DEGRADED": degraded} if degraded else {},
        "upstreams": {name: asdict(standing) for name, standing in upstreams.items()},
    }
    if numbered:
        facts["duration"] = float(grid.D * 1000)
        facts["fragment_duration"] = _decimal(grid.D)
        facts["learnt"] = grid.learnt
        if shown.epoch or any(shown.epoch_of(newest.run) for _, newest in ends):
            facts["flags"]["LOCAL_TIMELINE"] = UTC_OPTION
        elif any(newest.run for _, newest in ends):
            facts["flags"]["NEW_RUN"] = UTC_OPTION
        if not grid.locked:
            facts["flags"]["NOT_EPOCH_LOCKED"] = _decimal(grid.phase)
    if ends:
        rendition, segment = max(ends, key=lambda end: end[1].index)
        begins = rendition.seconds(segment.time) + shown.epoch_of(segment.run)
        edge = max(r.seconds(last.end) + shown.epoch_of(last.run) for r, last in ends)
        facts["newest"] = segment.index
        facts["begins"] = round(begins * 1000)
        facts["edge"] = round(edge * 1000)
        facts["lag"] = round((shown.updated - edge) * 1000)
        _fill(facts, shown, tally, segment.index, since)
    return facts


def _in_order(shown: Presentation) -> list[Rendition]:
    kinds = list(Kind)
    return sorted(
        shown.renditions, key=lambda r: (kinds.index(r.track.key.kind), -r.bandwidth, r.name)
    )


def _track(
    rendition: Rendition, place: int, copies: int, gaps: Mapping[str, int]
) -> dict[str, Any]:
    track = rendition.track
    shape = ""
    if track.width:
        shape = f"{track.width}×{track.height}"
    elif track.channels:
        shape = f"{track.channels} ch {_decimal(Fraction(track.sampling_rate, 1000))} kHz"
    return {
        "place": place,
        "kind": str(track.key.kind),
        "codecs": track.codecs,
        "shape": shape,
        "bandwidth": rendition.bandwidth,
        "copies": copies,
        "gaps": gaps.get(rendition.name, 0),
        "segments": len(rendition.segments),
        "cells": {},
    }


def _source(source: str, diagnosis: Diagnosis, since: int) -> dict[str, Any]:
    tally = diagnosis.tally
    verdicts = dict.fromkeys(Verdict, 0)
    for (name, _, verdict), count in tally.counts.items():
        if name == source:
            verdicts[verdict] += count
    last = max(at for (name, _), at in tally.last.items() if name == source)
    return {
        "last": last,
        "alive": last >= since,
        "state": tally.state(source),
        "words": ", ".join(word.replace("_", " ") for word in diagnosis.words_of(source)),
        "won": verdicts[Verdict.ACCEPTED] + verdicts[Verdict.PARTIAL],
        "duplicate": verdicts[Verdict.DUPLICATE],
        "late": verdicts[Verdict.LATE],
        "suspect": verdicts[Verdict.SUSPECT],
        "differs": sum(n for (name, _), n in tally.differing.items() if name == source),
        "cells": {},
    }


def _fill(
    facts: dict[str, Any], shown: Presentation, tally: Tally, newest: int, since: int
) -> None:
    """The cells of the timeline."""
    columns = range(newest - COLUMNS + 1, newest + 1)
    for rendition in shown.renditions:
        segments = [s for s in rendition.segments[-COLUMNS:] if s.index in columns]
        facts["tracks"][rendition.name]["cells"] = {
            str(s.index): "gap" if s.gap else "break" if s.discontinuity else "whole"
            for s in segments
        }
    for (source, track), recent in tally.recent.items():
        alive = tally.last[source, track] >= since
        cells = _cells(recent, facts["tracks"].get(track, {}).get("cells", {}), newest, alive)
        if cells:
            facts["sources"][source]["cells"][track] = cells


def _cells(recent: Mapping[int, str], merged: Cells, newest: int, alive: bool) -> Cells:
    """A source's cells on a track: what it delivered, and what it did not."""
    first, last = min(recent), max(recent)
    cells: Cells = {}
    for index in range(max(first, newest - COLUMNS + 1), newest + 1):
        at = str(index)
        if index in recent:
            cells[at] = recent[index]
        elif index == newest and alive:
            cells[at] = "waiting"
        elif at in merged:
            cells[at] = "missing" if alive or index < last else "silent"
    return cells


def _decimal(seconds: Fraction) -> str:
    """Exact where a decimal can be, else as a fraction: "1.92", "1001/500"."""
    thousandths = seconds * 1000
    return f"{float(seconds):g}" if thousandths.denominator == 1 else str(seconds)
