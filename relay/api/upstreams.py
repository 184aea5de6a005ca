"""Upstreams: where a channel is forwarded to."""

from fastapi import APIRouter

from relay.api import shapes
from relay.api.desk import CHANGES, At, ChannelName, Desk, UpstreamName
from relay.api.problems import changing, problems
from relay.api.shapes import Nothing
from relay.api.wellness import stands

router = APIRouter(tags=["upstreams"])
_REFUSALS = changing(
    s404="There is no such channel, or it has no such upstream (`CONTROL_UPSTREAM_UNKNOWN`).",
    s409="The channel is stopped (`CONTROL_STATE`).",
)


@router.get(
    "/channels/{channel}/upstreams",
    responses=problems(
        s404="There is no such channel (`CONTROL_CHANNEL_UNKNOWN`).",
        s409="The channel is stopped (`CONTROL_STATE`).",
    ),
)
async def list_upstreams(channel: ChannelName, desk: At) -> shapes.Upstreams:
    """All upstreams of a channel, and how each stands."""
    found = desk.running(channel).upstreams.items()
    return shapes.Upstreams(upstreams=[stands(name, how()) for name, how in found])


@router.post(
    "/channels/{channel}/upstreams/{upstream}/pause", dependencies=CHANGES, responses=_REFUSALS
)
async def pause_upstream(
    channel: ChannelName, upstream: UpstreamName, _body: Nothing, desk: At
) -> shapes.Upstream:
    """Send nothing until it is resumed, or the relay is restarted. Its backlog waits in the store.

    That is no failure: a backup does not step in for it.
    """
    desk.upstream(channel, upstream)
    await desk.office.hold(channel, upstream, held=True)
    return _now(desk, channel, upstream)


@router.post(
    "/channels/{channel}/upstreams/{upstream}/resume", dependencies=CHANGES, responses=_REFUSALS
)
async def resume_upstream(
    channel: ChannelName, upstream: UpstreamName, _body: Nothing, desk: At
) -> shapes.Upstream:
    """Send again, from where it had come to."""
    desk.upstream(channel, upstream)
    await desk.office.hold(channel, upstream, held=False)
    return _now(desk, channel, upstream)


@router.post(
    "/channels/{channel}/upstreams/{upstream}/restart", dependencies=CHANGES, responses=_REFUSALS
)
async def restart_upstream(
    channel: ChannelName, upstream: UpstreamName, _body: Nothing, desk: At
) -> shapes.Upstream:
    """End its POSTs in order and connect anew, at once; one that waits to retry does not wait."""
    found = desk.upstream(channel, upstream)
    found.tell("UPSTREAM_RESTARTED", f"{upstream}: restarted by an operator", upstream=upstream)
    await desk.office.alter(channel, again=upstream)
    return _now(desk, channel, upstream)


def _now(desk: Desk, channel: str, upstream: str) -> shapes.Upstream:
    return stands(upstream, desk.upstream(channel, upstream).upstreams[upstream]())
