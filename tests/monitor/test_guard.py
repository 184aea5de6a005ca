"""What the admin port takes orders from, and what it does not."""

import pytest

from relay.errors import ControlRefused
from relay.monitor.guard import check

JSON = {"content-type": "application/json"}
NAMES = ("relay1", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8081"},
        {"host": "10.1.2.3"},
        {"host": "[::1]:8081"},
        {"host": "LocalHost:8081"},
        {"host": "RELAY1:8081"},
        {"host": "localhost:8081", "origin": "http://localhost:8081"},
        {"host": "127.0.0.1:8081", "origin": "HTTP://127.0.0.1:8081"},
        {"host": "relay1", "origin": "https://relay1", "sec-fetch-site": "same-origin"},
        {"host": "relay1", "content-type": "Application/JSON; charset=utf-8"},
        {"host": "localhost", "sec-fetch-site": "none"},
    ],
)
def test_callers_that_may(headers: dict[str, str]) -> None:
    check(JSON | headers, NAMES)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.example"},
        {"host": "evil.example:8081", "origin": "http://evil.example:8081"},  # DNS rebinding
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "relay1.evil.example"},
        {"host": "[relay1]"},
        {"host": "127.0.0.1:8081:8081"},
        {"host": "127.0.0.1\n"},
        {"host": ":8081"},
        {"host": "localhost", "origin": "null"},
        {"host": "localhost", "origin": ""},
        {"host": "localhost:8081", "origin": "http://evil.example"},
        {"host": "localhost:8081", "origin": "http://localhost:8080"},
        {"host": "localhost", "origin": "http://localhost.evil.example"},
        {"host": "localhost", "sec-fetch-site": "cross-site"},
        {"host": "localhost", "sec-fetch-site": "same-site"},
        {"host": "localhost", "content-type": "text/plain"},
        {"host": "localhost", "content-type": "text/plain; application/json"},
        {"host": "localhost", "content-type": "application/x-www-form-urlencoded"},
        {"host": "localhost", "content-type": ""},
    ],
)
@pytest.mark.threat("T22", "T30")
def test_callers_that_may_not(headers: dict[str, str]) -> None:
    with pytest.raises(ControlRefused) as refused:
        check(JSON | headers, NAMES)
    assert refused.value.status == 403
    assert refused.value.message.endswith(".")
    assert refused.value.hint
