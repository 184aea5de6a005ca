"""Channels: what there is, how it is, and what is done to it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from relay.api import shapes
from relay.api.desk import CHANGES, At, ChannelName, Desk, NewName
from relay.api.problems import MOST, changing, problems
from relay.api.shapes import Nothing, Preferring, Resetting
from relay.api.wellness import health
from relay.config import ChannelTable
from relay.config.kept import settings
from relay.config.plan import unlike
from relay.diagnosis.protection import DOWN
from relay.errors import ChangeFailed, ControlConflict, ControlInvalid, quoted
from relay.monitor.health import described
from relay.settings import Report

router = APIRouter(tags=["channels"])
_UNKNOWN = "There is no such channel (`CONTROL_CHANNEL_UNKNOWN`)."
_STOPPED = "The channel is stopped (`CONTROL_STATE`)."
_BODY = {
    "requestBody": {
        "required": True,
        "description": "Its settings, as in the file; what is left out has its default.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ChannelTable"},
                "example": {
                    "fragment_duration": "1.92",
                    "patience": 1.5,
                    "upstreams": {"eu": {"url": "https://eu.example/live/news.isml"}},
                },
            }
        },
    }
}


@router.get("/channels", responses=problems())
async def list_channels(desk: At) -> shapes.Channels:
    """All channels, the stopped ones too."""
    return shapes.Channels(channels=[_shown(desk, name) for name in desk.roster.wanted])


@router.get("/channels/{channel}", responses=problems(s404=_UNKNOWN))
async def get_channel(channel: ChannelName, desk: At) -> shapes.Detail:
    """One channel with its settings."""
    shown = _shown(desk, desk.known(channel))
    told = _masked(settings(desk.roster.wanted[channel]))
    return shapes.Detail(**shown.model_dump(), settings=told)


@router.put(
    "/channels/{channel}",
    dependencies=CHANGES,
    openapi_extra=_BODY,
    responses={
        201: {"model": shapes.Changed, "description": "It was created."},
        **changing(
            s422="The settings cannot be used; nothing was changed (`CONTROL_SETTINGS`).",
            s503="It could not be opened (`CONTROL_FAILED`).",
        ),
    },
)
async def put_channel(
    channel: NewName, request: Request, response: Response, desk: At
) -> shapes.Changed:
    """Create a channel, or replace its settings while its POSTs go on.

    A channel made here is kept over a restart where the store is on disk. What is changed here of
    one that stands in the configuration file holds until that is read anew.
    """
    table = _table(await request.body())
    created = channel not in desk.roster.wanted
    report = await desk.settings.put(channel, table)
    _raise_failed(report, channel)
    response.status_code = 201 if created else 200
    change = next((each for each in report.plan.changed if each.name == channel), None)
    return shapes.Changed(
        channel=channel,
        created=created,
        taken=list(change.taken) if change else [],
        waiting=list(change.later) if change else [],
        kept=report.kept,
    )


@router.delete("/channels/{channel}", dependencies=CHANGES, responses=changing(s404=_UNKNOWN))
async def delete_channel(channel: ChannelName, desk: At) -> shapes.Done:
    """Remove a channel: its POSTs end with 404. What it has stored stays on the disk.

    One that stands in the configuration file comes back when that is read anew.
    """
    report = await desk.settings.delete(desk.known(channel))
    _raise_failed(report, channel)
    return shapes.Done(channel=channel, state="removed", kept=report.kept)


@router.post(
    "/channels/{channel}/start",
    dependencies=CHANGES,
    responses=changing(s404=_UNKNOWN, s503="It could not be opened (`CONTROL_FAILED`)."),
)
async def start_channel(channel: ChannelName, _body: Nothing, desk: At) -> shapes.Done:
    """Start a channel that was stopped; nothing, for one that runs."""
    kept = await desk.settings.start(desk.known(channel))
    return shapes.Done(channel=channel, state="running", kept=kept)


@router.post(
    "/channels/{channel}/stop",
    dependencies=CHANGES,
    responses=changing(s404=_UNKNOWN, s503="Its POSTs did not end (`CONTROL_FAILED`)."),
)
async def stop_channel(channel: ChannelName, _body: Nothing, desk: At) -> shapes.Done:
    """Stop a channel: its POSTs end with 503, and nothing is forwarded.

    Players get what there was in its window, and its end. Started again, it goes on from there.
    """
    kept = await desk.settings.stop(desk.known(channel))
    return shapes.Done(channel=channel, state="stopped", kept=kept)


@router.post(
    "/channels/{channel}/reset",
    dependencies=CHANGES,
    responses=changing(
        s404=_UNKNOWN,
        s409="The channel is stopped, or has no peer to join (`CONTROL_STATE`).",
        s503="It could not be emptied (`CONTROL_RESET`).",
    ),
)
async def reset_channel(channel: ChannelName, body: Resetting, desk: At) -> shapes.WasReset:
    """Empty a channel, and begin a new timeline, or with `join` go on with that of its peer."""
    found = desk.running(channel)
    if body.join and found.rules.peer is None:
        raise ControlConflict(
            f"{channel} has no peer to join.", hint=f"Set peer in [channels.{channel}]."
        )
    await desk.reset(channel, join=body.join)
    return shapes.WasReset(channel=channel)


@router.post(
    "/channels/{channel}/prefer",
    dependencies=CHANGES,
    responses=changing(s404=_UNKNOWN, s409=_STOPPED),
)
async def prefer_source(channel: ChannelName, body: Preferring, desk: At) -> shapes.Preferred:
    """Take the copies of one source while it delivers; of none in particular, with null."""
    found = desk.running(channel)
    known = body.source in found.tally.sources()
    found.prefer(body.source)
    return shapes.Preferred(channel=channel, preferred=body.source, known=known)


@router.get("/channels/{channel}/health", responses=problems(s404=_UNKNOWN))
async def channel_health(channel: ChannelName, desk: At) -> shapes.Health:
    """How a channel is, in words, and track by track."""
    found = desk.channels.get(desk.known(channel))
    if found is None:
        text = "The channel was stopped by an operator."
        return shapes.Health(status="stopped", descriptions=[text], tracks=[])
    return health(found, desk.clock.utc())


def _shown(desk: Desk, name: str) -> shapes.Channel:
    channel, running = desk.channels.get(name), desk.roster.running.get(name)
    told: dict[str, Any] = {} if channel is None else described(channel, desk.clock.utc())
    state = "stopped" if channel is None else "failed" if channel.failed else "running"
    wanted = desk.roster.wanted[name]
    return shapes.Channel.model_validate(
        {
            "name": name,
            "state": state,
            "protection": told.get("protection", DOWN),
            "origin": "api" if desk.settings.by_api(name) else "file",
            "differs": desk.settings.differs(name),
            "waiting": [] if running is None else list(unlike(running, wanted)),
            "sources": list(told.get("sources", {})),
            "upstreams": {to: str(s["state"]) for to, s in told.get("upstreams", {}).items()},
            "programs": [each.partition(".")[2] for each in desk.programs.of(name)],
        }
    )


def _table(body: bytes) -> ChannelTable:
    try:
        return ChannelTable.model_validate_json(body, strict=True)
    except ValidationError as error:
        lines = [
            f"{quoted('.'.join(str(part) for part in each['loc'] if part != '[key]') or 'body')}:"
            f" {quoted(each['msg'], 200)}"
            for each in error.errors(include_url=False, include_input=False)[:MOST]
        ]
        raise ControlInvalid("What was sent cannot be used.", hint="; ".join(lines)) from None


def _masked(told: dict[str, Any]) -> dict[str, Any]:
    for upstream in told.get("upstreams", {}).values():
        point, mark, _ = upstream["url"].partition("?")
        upstream["url"] = f"{point}?..." if mark else point
    return told


def _raise_failed(report: Report, channel: str) -> None:
    if channel in report.failed:
        raise ChangeFailed(report.failed[channel])
