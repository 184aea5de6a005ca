"""The root of all errors, and the only way in which a stranger's text gets into a message."""

from http import HTTPStatus
from typing import ClassVar


def quoted(text: str, limit: int = 80) -> str:
    """A stranger's text, fit for a log, an answer or a terminal: printable ASCII, cut short."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in cut)


class RelayError(Exception):
    """Root of the tree; never raised itself."""

    code: ClassVar[str] = "RELAY_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def problem(self, status: int = 0) -> dict[str, str | int]:
        """The error as the members of a problem document (RFC 9457). `status`: another answer's."""
        told: dict[str, str | int] = {
            "type": "about:blank",
            "title": HTTPStatus(status or self.status).phrase,
            "status": status or self.status,
            "code": self.code,
            "detail": self.message,
        }
        return {**told, "hint": self.hint} if self.hint else told
