"""What the page shows of a channel, as plain values: a function of what the rooms hold and `utc`.

The board answers three questions at a glance: is it on air, who wins, would it survive the loss of
an encoder now. The last is one word of `relay.diagnosis.protection`.

The timeline is in `cells`, each source in `sender`. Objects only, and never null: see `patch`.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from fractions import Fraction
from math import floor
from typing import Any

from relay.diagnosis import Diagnosis
from relay.diagnosis.protection import alive_since, copies_of, protection
from relay.journal import Event, Journal
from relay.media import Kind
from relay.monitor.cells import columns, merged, sent
from relay.monitor.sender import sender, senders
from relay.numbering import UTC_OPTION
from relay.presentation import Presentation, Rendition
from relay.uplink.standing import Standing

ON_AIR, STARTING, STOPPED = "ON AIR", "STARTING", "STOPPED"

_EVENT = tuple(each.name for each in fields(Event))
_NONE: Mapping[str, Standing] = {}
_NO_POSTS: Mapping[str, int] = {}


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
    posts: Mapping[str, int] = _NO_POSTS,
    preferred: str | None = None,
) -> dict[str, Any]:
    """The board of one channel. `patience` in ms, `utc` in ms since 1970.

    `degraded`: why the store keeps what comes in memory only, or "". `posts`: open, by source.
    """
    grid, tally = shown.grid, diagnosis.tally
    since = alive_since(grid, patience, utc)
    copies = copies_of(tally, since)
    live = [len(sources) for sources in copies.values()]
    ends = [(r, r.segments[-1]) for r in _in_order(shown) if r.segments]
    facts: dict[str, Any] = {
        "state": ON_AIR if live else STARTING if any(posts.values()) else STOPPED,
        "protection": protection(live),
        "copies": min(live, default=0),
        "patience": patience,
        "preferred": preferred or "",
        "tracks": {
            rendition.name: _track(rendition, place, len(copies.get(rendition.name, ())), gaps)
            for place, rendition in enumerate(_in_order(shown))
        },
        "sources": {
            source: sender(source, diagnosis, since, posts.get(source, 0))
            for source in senders(diagnosis)
        },
        "events": {str(number): _plain(event) for number, event in journal.events.items()},
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
        facts["columns"] = columns(grid.D)
        result = merged(shown, segment.index)
        for name, cells in result.items():
            facts["tracks"][name]["cells"] = cells
        found = sent(
            tally,
            result,
            newest=segment.index,
            wide=facts["columns"],
            since=since,
            refused=_refused(facts, diagnosis),
        )
        for source, tracks in found.items():
            facts["sources"][source]["cells"] = tracks
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


def _plain(event: Event) -> dict[str, Any]:
    """As `asdict`, which is far slower: fifty of a channel are asked for, twice a second."""
    return {name: getattr(event, name) for name in _EVENT}


def _refused(facts: dict[str, Any], diagnosis: Diagnosis) -> dict[str, set[int]]:
    """At which indexes each source was refused: what was newest then."""
    came, newest, D = facts["edge"] + facts["lag"], facts["newest"], facts["duration"]  # noqa: N806
    return {
        source: {newest + min(0, floor((at - came) / D)) for at in visitor.refused}
        for source, visitor in diagnosis.visits.visitors.items()
    }


def _decimal(seconds: Fraction) -> str:
    """Exact where a decimal can be, else as a fraction: "1.92", "1001/500"."""
    thousandths = seconds * 1000
    return f"{float(seconds):g}" if thousandths.denominator == 1 else str(seconds)
