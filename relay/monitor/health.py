"""`/livez`, `/readyz` and `/api/v1/status` on the admin port.

Live: the event loop turns. Ready: every channel has replayed its store and the doors are open; it
says nothing about encoders, since a relay without them is ready for them. A channel whose disk
refuses is still ready, since it lives on memory; the answer says so under `degraded`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from relay.channel import Channel


def application(
    channels: Mapping[str, Channel],
    door: Callable[[], Mapping[str, Any]],
    ready: Callable[[], bool],
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
                "channels": {name: described(channel) for name, channel in channels.items()},
            }
        )

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/api/v1/status", status),
            *more,
        ]
    )


def described(channel: Channel) -> dict[str, Any]:
    """A channel in plain values: grid, tracks, and what became of each source's copies."""
    shown = channel.presentation
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
    sources: dict[str, dict[str, dict[str, int]]] = {}
    for (source, track, verdict), count in channel.tally.counts.items():
        sources.setdefault(source, {}).setdefault(track, {})[verdict] = count
    return {
        "degraded": channel.store.degraded,
        "fragment_duration": str(shown.grid.D) if channel.numbered else None,
        "epoch_locked": shown.grid.locked,
        "local_timeline": bool(shown.epoch),
        "preferred": channel.preferred,
        "alone": channel.alone,
        "unlike": channel.unlike,
        "tracks": tracks,
        "sources": sources,
    }
