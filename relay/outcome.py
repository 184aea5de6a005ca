"""What a publishing point brought forth, and what is to become of it, as a value."""

from dataclasses import dataclass, field

from relay.errors import EncoderError
from relay.gathering import Offer
from relay.media import Fragment, Pin


@dataclass(slots=True)
class Outcome:
    """What a call brought forth. `suspect`: fragments that can have no number.

    `refusal`: what to answer the sender once the rest is carried. `alarms`: code words with a
    sentence, each once per sender and track.
    """

    pins: list[Pin] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    suspect: list[Fragment] = field(default_factory=list)
    refusal: EncoderError | None = None
    alarms: list[tuple[str, str]] = field(default_factory=list)
