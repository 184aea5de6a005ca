"""When a backup steps in for its principal, and when it steps back. In ms of a rising clock.

It steps in when the principal has failed without a break for `STEP_IN`: what the principal missed
is in the store and goes to the backup then, so a little patience loses nothing. It steps back when
the principal has been well for `STEP_BACK`, so that one that comes and goes does not make both
restart all the time.
"""

from dataclasses import dataclass

STEP_IN = 5_000
STEP_BACK = 60_000


@dataclass(slots=True)
class Standby:
    """One backup. `active`: it is sending."""

    active: bool = False
    _since: int | None = None  # how long the principal has been otherwise than it should be

    def look(self, now: int, *, failing: bool) -> bool:
        """The principal is failing, or is not; whether the backup is to send."""
        if failing is self.active:
            self._since = None
            return self.active
        self._since = now if self._since is None else self._since
        if now - self._since >= (STEP_BACK if self.active else STEP_IN):
            self.active, self._since = failing, None
        return self.active

    def deadline(self) -> int | None:
        """When to look again, though nothing has happened."""
        if self._since is None:
            return None
        return self._since + (STEP_BACK if self.active else STEP_IN)
