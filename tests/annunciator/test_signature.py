"""The signature of Standard Webhooks, against its own example."""

import base64

import pytest

from relay.annunciator.signature import headers, key_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_standard() -> None:
    told = headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_plain_secret_is_its_bytes() -> None:
    plain = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert key_of(SECRET) == plain
    assert key_of("correct horse") == b"correct horse"
    assert headers("x", "1", 2, b"a") != headers("y", "1", 2, b"a")
    assert headers("x", "1", 2, b"a") != headers("x", "1", 3, b"a")
    assert headers("x", "1", 2, b"a") != headers("x", "1", 2, b"b")


def test_without_a_secret_it_is_not_signed() -> None:
    assert set(headers("", "1", 2, b"a")) == {"webhook-id", "webhook-timestamp"}


def test_what_says_it_is_base64_has_to_be() -> None:
    with pytest.raises(ValueError, match="no base64"):
        key_of("whsec_???")
