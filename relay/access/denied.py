"""What one is told who may not push."""

from relay.errors import EncoderError


class AccessRequired(EncoderError):
    """Nothing was shown, or the wrong thing. `challenges`: values of WWW-Authenticate."""

    code = "INGEST_UNAUTHORIZED"
    status = 401

    def __init__(self, message: str, *, hint: str = "", challenges: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.challenges = challenges


class AccessDenied(EncoderError):
    """Whoever it is, not from there, or not under that name."""

    code = "INGEST_FORBIDDEN"
    status = 403


class TooManyTries(EncoderError):
    """An address has shown the wrong thing too often. `seconds` until it is heard again."""

    code = "INGEST_TRIES"
    status = 429

    def __init__(self, message: str, *, hint: str = "", seconds: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds
