"""The alarms as the admin port shows them, and that an operator has seen one.

    GET  /api/v1/alarms                    all that are kept, newest first
    POST /api/v1/alarms/{id}/acknowledge   {}: it has been seen; the alarm as it is then

Plain functions over a `History`; times are in ms since 1970, `until` and `acknowledged` null while
they are not. What each value means is said by `relay.annunciator.history`.
"""

from typing import Any

from relay.annunciator import told
from relay.annunciator.history import History
from relay.errors import AlarmUnknown, quoted

LONGEST_ID = 18
"""Digits."""


def listed(history: History) -> list[dict[str, Any]]:
    """All alarms, newest first."""
    return [told(alarm) for alarm in history]


def acknowledged(history: History, number: str, utc: int) -> dict[str, Any]:
    """The alarm of this id, acknowledged now if it was not. Raises AlarmUnknown."""
    plain = number.isascii() and number.isdecimal() and len(number) <= LONGEST_ID
    alarm = history.acknowledge(int(number), utc) if plain else None
    if alarm is None:
        raise AlarmUnknown(
            f"There is no alarm {quoted(number)}.", hint="Look at: GET /api/v1/alarms"
        )
    return told(alarm)
