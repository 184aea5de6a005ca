"""Alarms: what went wrong, when, and who has seen it (`relay.monitor.alarms`)."""

from typing import Any

from fastapi import APIRouter

from relay.api.desk import CHANGES, AlarmNumber, At
from relay.api.problems import changing, problems
from relay.api.shapes import Alarm, Nothing
from relay.monitor.alarms import acknowledged, listed

router = APIRouter(tags=["alarms"])


@router.get("/alarms", response_model=list[Alarm], responses=problems())
async def list_alarms(desk: At) -> list[dict[str, Any]]:
    """All alarms that are kept, the newest first."""
    return listed(desk.history)


@router.post(
    "/alarms/{alarm}/acknowledge",
    response_model=Alarm,
    dependencies=CHANGES,
    responses=changing(s404="There is no such alarm, or it is too old (`CONTROL_ALARM_UNKNOWN`)."),
)
async def acknowledge_alarm(alarm: AlarmNumber, _body: Nothing, desk: At) -> dict[str, Any]:
    """Say that an alarm has been seen; the alarm as it is then."""
    return acknowledged(desk.history, alarm, desk.clock.utc())
