"""The relay as a whole."""

from fastapi import APIRouter

from relay.api import shapes
from relay.api.desk import CHANGES, At
from relay.api.problems import changing
from relay.api.shapes import ChannelChange, Nothing

router = APIRouter(tags=["relay"])


@router.post(
    "/reload",
    dependencies=CHANGES,
    responses=changing(
        s422="The configuration cannot be used; nothing was changed (`CONTROL_SETTINGS`)."
    ),
)
async def reload(_body: Nothing, desk: At) -> shapes.Reloaded:
    """Read the configuration file anew, as on SIGHUP, while all POSTs go on.

    What cannot be changed while the relay or a channel runs is said by name, and stays as it is.
    """
    report = await desk.settings.reload()
    plan = report.plan
    return shapes.Reloaded(
        added=[name for name in plan.added if name not in report.failed],
        removed=[name for name in plan.removed if name not in report.failed],
        changed=[
            ChannelChange(channel=each.name, taken=list(each.taken), waiting=list(each.later))
            for each in plan.changed
        ],
        waiting=list(report.later),
        failed=dict(report.failed),
    )
