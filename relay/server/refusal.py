"""An answer that the server gives itself, because no application shall see the request.

The body is a problem document (RFC 9457) with the house's code word. It is small, so that it always
fits the socket's buffer, and says in one sentence what is wrong: the reader is whoever sets up an
encoder. What the stranger sent stands in it only through `quoted`.
"""

import json
from http import HTTPStatus

from relay.errors import quoted

Fields = list[tuple[bytes, bytes]]


def reason_phrase(status: int) -> bytes:
    """The phrase of RFC 9110 section 15 for a status; empty for one that has none.

    Some encoders compare the whole status line with `HTTP/1.1 200 OK`.
    """
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


class Refused(Exception):
    """This request ends here; the connection with it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = quoted(detail, 200)

    def answer(self) -> tuple[Fields, bytes]:
        """The header fields and the body of the answer."""
        problem = {
            "status": self.status,
            "title": reason_phrase(self.status).decode("ascii"),
            "code": self.code,
            "detail": self.detail,
        }
        body = json.dumps(problem).encode("ascii") + b"\n"
        fields = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        return fields, body
