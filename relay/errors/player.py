"""What a player asked for."""

from relay.errors.root import RelayError


class PlayerError(RelayError):
    """A player asked for what is not there, or not there yet."""

    code = "PLAYBACK_ERROR"
    status = 404


class NotFound(PlayerError):
    """There is no such thing."""

    code = "PLAYBACK_NOT_FOUND"


class NotYet(PlayerError):
    """It is ahead of the live edge: ask again in a moment."""

    code = "PLAYBACK_NOT_YET"


class FailedOver(PlayerError):
    """Another relay would serve players better just now, and the channel is set to send them on."""

    code = "PLAYBACK_FAIL_OVER"


class Protected(PlayerError):
    """It is encrypted, and what was asked for has no words for how."""

    code = "PLAYBACK_PROTECTED"


class RangeInvalid(PlayerError):
    """The byte range lies outside the resource."""

    code = "PLAYBACK_RANGE"
    status = 416


class TicketRequired(PlayerError):
    """The channel is played with a token, and this is not it."""

    code = "PLAYBACK_UNAUTHORIZED"
    status = 401
