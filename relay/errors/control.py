"""What an operator asked of the admin port."""

from relay.errors.root import RelayError


class ControlError(RelayError):
    """A call of the admin port that cannot be carried out."""

    code = "CONTROL_ERROR"
    status = 400


class ControlInvalid(ControlError):
    """The body says nothing that is known here."""

    code = "CONTROL_BODY"


class ControlRefused(ControlError):
    """The caller may be a page of another site."""

    code = "CONTROL_REFUSED"
    status = 403


class ChannelUnknown(ControlError):
    """No channel of this name is configured."""

    code = "CONTROL_CHANNEL_UNKNOWN"
    status = 404


class AlarmUnknown(ControlError):
    """No alarm of this id is kept."""

    code = "CONTROL_ALARM_UNKNOWN"
    status = 404


class ResetFailed(ControlError):
    """The channel could not be emptied."""

    code = "CONTROL_RESET"
    status = 503
