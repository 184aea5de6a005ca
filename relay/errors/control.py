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


class ControlUnauthorized(ControlError):
    """The admin port wants its token."""

    code = "CONTROL_UNAUTHORIZED"
    status = 401


class ControlTries(ControlError):
    """Too many wrong tokens came from this address."""

    code = "CONTROL_TRIES"
    status = 429


class ControlNotFound(ControlError):
    """The API has nothing under this path."""

    code = "CONTROL_NOT_FOUND"
    status = 404


class ControlMethod(ControlError):
    """What is under this path does not take this method."""

    code = "CONTROL_METHOD"
    status = 405


class SourceUnknown(ControlError):
    """The channel has no such source just now."""

    code = "CONTROL_SOURCE_UNKNOWN"
    status = 404


class UpstreamUnknown(ControlError):
    """The channel has no upstream of this name."""

    code = "CONTROL_UPSTREAM_UNKNOWN"
    status = 404


class ProgramUnknown(ControlError):
    """The channel has no program of this name."""

    code = "CONTROL_PROGRAM_UNKNOWN"
    status = 404


class ControlConflict(ControlError):
    """It cannot be done in the state that this is in."""

    code = "CONTROL_STATE"
    status = 409


class SettingsInvalid(ControlError):
    """These settings cannot be used; nothing was changed."""

    code = "CONTROL_SETTINGS"
    status = 422


class ChangeFailed(ControlError):
    """The machine does not allow it now; the text says how far it came."""

    code = "CONTROL_FAILED"
    status = 503
