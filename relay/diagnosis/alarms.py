"""What is amiss now, told once when it begins and once when it is over.

An alarm stands under its code and its subject (a source, a track). While it stands, its sentence
may change, with a measured number in it, and nothing is told again. Strangers can name subjects, so
what stands is bounded: beyond the bound a new alarm is neither kept nor told, since forgetting an
old one to make room would tell both for ever.
"""

from dataclasses import dataclass, field

MOST_ALARMS = 256


@dataclass(frozen=True, slots=True)
class Alarm:
    """One line for log and journal.

    grave       the operator should look; never when it is over
    facts       what the line in the log carries beside the text
    measured    the figure that is amiss, with its unit, and `configured`, what it is held against;
                "" where there is no figure
    """

    code: str
    text: str
    grave: bool = True
    facts: dict[str, object] = field(default_factory=dict)
    measured: str = field(default="", compare=False)
    configured: str = field(default="", compare=False)


@dataclass(slots=True)
class Alarms:
    """What stands on one channel, oldest first, by (code, subject)."""

    standing: dict[tuple[str, str], Alarm] = field(default_factory=dict)

    def stand(
        self,
        code: str,
        subject: str,
        text: str,
        *,
        grave: bool = True,
        measured: str = "",
        configured: str = "",
    ) -> list[Alarm]:
        """It is so. What is to be told: the alarm, when it is new."""
        key = (code, subject)
        new = key not in self.standing
        if new and len(self.standing) >= MOST_ALARMS:
            return []
        alarm = self.standing[key] = Alarm(
            code, text, grave, measured=measured, configured=configured
        )
        return [alarm] if new else []

    def over(self, code: str, subject: str) -> list[Alarm]:
        """It is not, or no longer. What is to be told: that it is over, when it stood."""
        if self.standing.pop((code, subject), None) is None:
            return []
        return [Alarm(code, f"{subject}: as it should be again", grave=False)]

    def only(self, code: str, found: dict[str, str], *, grave: bool = True) -> list[Alarm]:
        """Exactly these stand under a code: sentences by subject. What is to be told."""
        told: list[Alarm] = []
        for known, subject in list(self.standing):
            if known == code and subject not in found:
                told += self.over(code, subject)
        for subject, text in found.items():
            told += self.stand(code, subject, text, grave=grave)
        return told

    def forget(self, subject: str, *, tracks: bool = False) -> None:
        """Its subject is gone: nothing is known of it any more, and nothing told. `tracks`: neither
        of the tracks of this source."""
        self.standing = {
            key: said
            for key, said in self.standing.items()
            if key[1] != subject and not (tracks and key[1].startswith(f"{subject}, "))
        }
