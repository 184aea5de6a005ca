"""Sources: the encoders that push."""

from fastapi import APIRouter

from relay.api import shapes
from relay.api.desk import CHANGES, At, ChannelName, SourceName
from relay.api.problems import changing
from relay.api.shapes import Nothing
from relay.errors import Disconnected, EncoderError, SourceUnknown, quoted

router = APIRouter(tags=["sources"])


@router.post(
    "/channels/{channel}/sources/{source}/disconnect",
    dependencies=CHANGES,
    responses=changing(
        s404="There is no such channel, or no such source has a POST open"
        " (`CONTROL_SOURCE_UNKNOWN`).",
        s409="The channel is stopped (`CONTROL_STATE`).",
    ),
)
async def disconnect_source(
    channel: ChannelName, source: SourceName, _body: Nothing, desk: At
) -> shapes.Disconnected:
    """End the POSTs of a source with 503, behind their current fragments. It may come back at once.

    To keep it out, take it out of the channel's sources, or change its secret, and reload.
    """
    found = desk.running(channel)
    posts = desk.endings.disconnect(channel, source, lambda: _answer(source))
    if not posts:
        raise SourceUnknown(
            f"{quoted(source)} has no POST open on {channel}.", hint="Who has: relay status"
        )
    found.tell("SOURCE_DISCONNECTED", f"{source} was disconnected by an operator")
    return shapes.Disconnected(channel=channel, source=source, posts=posts)


def _answer(source: str) -> EncoderError:
    return Disconnected(
        f"{source} was disconnected by an operator.", hint="Connect again, with the header."
    )
