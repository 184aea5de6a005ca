"""What an operator orders of a running relay, as the page and the command line do."""

from urllib.request import Request, urlopen

LIMIT = 60
"""Seconds, of a busy machine."""


def begin_program(admin: str, channel: str, program: str) -> None:
    """Raises HTTPError."""
    _order(admin, channel, program, "PUT")


def end_program(admin: str, channel: str, program: str) -> None:
    """Raises HTTPError."""
    _order(admin, channel, f"{program}/stop", "POST")


def _order(admin: str, channel: str, what: str, method: str) -> None:
    url = f"{admin}/api/v1/channels/{channel}/programs/{what}"
    asked = Request(url, b"{}", {"Content-Type": "application/json"}, method=method)
    with urlopen(asked, timeout=LIMIT) as answer:
        assert answer.status in (200, 201)
