"""The server's own answers."""

import json

import pytest

from relay.server.refusal import Refused, reason_phrase


def test_the_body_says_what_the_status_line_says() -> None:
    fields, body = Refused(431, "HTTP_HEAD_TOO_LARGE", "The head is too large.").answer()
    assert json.loads(body) == {
        "status": 431,
        "title": "Request Header Fields Too Large",
        "code": "HTTP_HEAD_TOO_LARGE",
        "detail": "The head is too large.",
    }
    assert dict(fields) == {
        b"content-type": b"application/problem+json",
        b"content-length": b"%d" % len(body),
        b"connection": b"close",
    }


@pytest.mark.threat("T28")
def test_a_strangers_bytes_are_made_harmless() -> None:
    detail = Refused(400, "HTTP_MALFORMED", 'x\x1b[31m\r\n"' + "a" * 1000).detail
    assert detail.isprintable()
    assert len(detail) <= 200


def test_a_status_without_a_phrase_has_none() -> None:
    assert reason_phrase(200) == b"OK"
    assert reason_phrase(299) == b""
