"""`/livez`, `/readyz` and `/api/v1/status` on the admin port.

Live: the event loop turns. Ready: every channel has replayed its store and the doors are open; it
says nothing about encoders, since a relay without them is ready for them. A channel whose disk
refuses is still ready, since it lives on memory; the answer says so under `degraded`.

The status has, for each source and track, what became of its copies and what they are like:

    won held duplicate late ...  verdicts of the merge, in copies
    differs                     duplicates that are unlike the published copy
    gap                         indexes that it left out and has not sent since
    overlap discontinuity nonincreasing unexpected_bitrate drift
                                words of `diagnosis.heartbeat`, in fragments since it came
    resent                      fragments that came again after a reconnect, as they should
    words                       which of them hold now, `out_of_sync` (`diagnosis.synchrony`) too
    state                       "well", or what is wrong with its newest copy (`diagnosis.tally`)
    healthy                     it is well, and no word holds
    bitrate                     measured, in bit/s; null until there is enough to measure
    drift_ms                    by how much its newest copy misses the join; null: none before it
    clock_offset_ms             UTC of its newest media less its arrival (`diagnosis.synchrony`)
    last                        arrival of its newest copy, ms since 1970; null: none yet
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from relay.channel import Channel
from relay.clock import Clock
from relay.diagnosis import Diagnosis
from relay.diagnosis.heartbeat import Pulse, Word
from relay.diagnosis.protection import alive_since, copies_of, protection
from relay.diagnosis.synchrony import Standing
from relay.diagnosis.tally import WELL
from relay.media import Verdict

STATUS = "/api/v1/status"


def application(
    channels: Mapping[str, Channel],
    door: Callable[[], Mapping[str, Any]],
    ready: Callable[[], bool],
    clock: Clock,
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """The admin port's ASGI application. `door`: what the ingest door counts; `more`: the page."""

    async def livez(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def readyz(_request: Request) -> JSONResponse:
        is_ready = ready()
        said: dict[str, Any] = {"status": "ready" if is_ready else "not ready"}
        troubles = {name: channel.store.degraded for name, channel in channels.items()}
        if degraded := {name: why for name, why in troubles.items() if why}:
            said["degraded"] = degraded
        return JSONResponse(said, 200 if is_ready else 503)

    async def status(_request: Request) -> JSONResponse:
        return JSONResponse(
            {
                **door(),
                "channels": {
                    name: described(channel, clock.utc()) for name, channel in channels.items()
                },
            }
        )

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route(STATUS, status),
            *more,
        ]
    )


def described(channel: Channel, utc: int) -> dict[str, Any]:
    """A channel in plain values. `utc`: ms since 1970."""
    shown, diagnosis = channel.presentation, channel.diagnosis
    since = alive_since(shown.grid, channel.rules.patience, utc)
    tracks = [
        {
            "name": rendition.name,
            "codecs": rendition.track.codecs,
            "bandwidth": rendition.bandwidth,
            "first": rendition.segments[0].index if rendition.segments else None,
            "last": rendition.segments[-1].index if rendition.segments else None,
            "gaps": channel.gaps[rendition.name],
        }
        for rendition in shown.renditions
    ]
    found = {*diagnosis.tally.last, *diagnosis.heartbeat.pulses}
    pairs: dict[str, list[str]] = {}
    for source, track in sorted(found):
        pairs.setdefault(source, []).append(track)
    copies = copies_of(diagnosis.tally, since)
    return {
        "degraded": channel.store.degraded,
        "fragment_duration": str(shown.grid.D) if channel.numbered else None,
        "epoch_locked": shown.grid.locked,
        "local_timeline": bool(shown.epoch),
        "preferred": channel.preferred,
        "alone": channel.alone,
        "unlike": channel.unlike,
        "protection": protection([len(sources) for sources in copies.values()]),
        "tracks": tracks,
        "sources": {source: _source(diagnosis, source, on, since) for source, on in pairs.items()},
        "warnings": [
            {"code": code, "subject": subject, "text": alarm.text, "grave": alarm.grave}
            for (code, subject), alarm in diagnosis.alarms.standing.items()
        ],
        "upstreams": {name: asdict(stands()) for name, stands in channel.upstreams.items()},
    }


def _source(diagnosis: Diagnosis, source: str, tracks: list[str], since: int) -> dict[str, Any]:
    last = max(diagnosis.tally.last.get((source, track), 0) for track in tracks)
    state = diagnosis.tally.state(source)
    return {
        "alive": last >= since,
        "state": state,
        "healthy": state == WELL and not diagnosis.words_of(source),
        "clock_offset_ms": diagnosis.synchrony.offset(source),
        "tracks": {track: _track(diagnosis, source, track) for track in tracks},
    }


def _track(diagnosis: Diagnosis, source: str, track: str) -> dict[str, Any]:
    key = (source, track)
    tally, words = diagnosis.tally, diagnosis.words(source, track)
    state = tally.state(source, track)
    pulse = diagnosis.heartbeat.pulses.get(key) or Pulse()
    standing = diagnosis.synchrony.standings.get(key) or Standing()
    verdicts = {
        "won" if verdict is Verdict.ACCEPTED else str(verdict): tally.counts[source, track, verdict]
        for verdict in Verdict
    }
    return {
        "healthy": state == WELL and not words,
        "state": state,
        "words": list(words),
        **verdicts,
        "differs": tally.differing[key],
        "gap": standing.gaps,
        **{str(word): pulse.counts[word] for word in Word},
        "resent": pulse.resent,
        "bitrate": pulse.bitrate or None,
        "drift_ms": standing.drift,
        "clock_offset_ms": standing.offset,
        "last": tally.last.get(key),
    }
