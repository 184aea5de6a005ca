"""Who is at the other end: what a front end says, and what others say in its name."""

from ipaddress import ip_network
from typing import Any

import pytest

from relay.access import FrontEnd, Peer

PROXY, STRANGER = "10.0.0.5", "203.0.113.9"
SEAL = "ab" * 32
FRONT = FrontEnd(
    (ip_network("10.0.0.0/29"),), address="x-forwarded-for", name="x-cert", sha256="x-seal"
)


def scope(
    client: str, *headers: tuple[str, str], tls: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "client": (client, 5000),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "extensions": {"tls": tls} if tls else {},
    }


def test_a_front_end_says_who_its_client_is() -> None:
    said = scope(
        PROXY, ("x-forwarded-for", f"1.2.3.4, {STRANGER}"), ("x-cert", " enc_a "), ("x-seal", SEAL)
    )
    assert FRONT.peer(said) == Peer(STRANGER, ("enc_a",), SEAL)


@pytest.mark.threat("T32", "T03")
def test_nobody_else_is_believed() -> None:
    said = (("x-forwarded-for", PROXY), ("x-cert", "enc_a"), ("x-seal", SEAL))
    assert FRONT.peer(scope(STRANGER, *said)) == Peer(STRANGER)
    assert FrontEnd().peer(scope(PROXY, *said)) == Peer(PROXY)


@pytest.mark.threat("T32", "T03")
def test_what_a_client_sent_through_the_front_end_is_not_believed() -> None:
    """It added its field to the client's instead of replacing it."""
    twice = (("x-cert", "enc_a"), ("x-cert", "enc_b"), ("x-seal", SEAL), ("x-seal", "cd" * 32))
    assert FRONT.peer(scope(PROXY, *twice)) == Peer(PROXY)


def test_of_several_addresses_the_one_counts_that_the_front_end_saw() -> None:
    said = (("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", f"2.2.2.2,{STRANGER}"))
    assert FRONT.peer(scope(PROXY, *said)).address == STRANGER


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("unknown", PROXY),
        ("", PROXY),
        ("1.2.3", PROXY),
        ("1.2.3.4\x00", PROXY),
        ("1" * 5_000, PROXY),
    ],
)
def test_an_address_is_read_or_it_is_the_front_ends_own(said: str, address: str) -> None:
    assert FRONT.peer(scope(PROXY, ("x-forwarded-for", said))).address == address


def test_an_address_of_ipv4_may_be_mapped_into_ipv6() -> None:
    assert FRONT.peer(scope(f"::ffff:{PROXY}", ("x-cert", "enc_a"))).names == ("enc_a",)


def test_the_certificate_of_the_front_end_is_not_the_encoders() -> None:
    tls = {"version": "TLSv1.3", "names": ("enc_a",), "sha256": SEAL}
    assert FRONT.peer(scope(PROXY, tls=tls)) == Peer(PROXY)
    assert FRONT.peer(scope(STRANGER, tls=tls)) == Peer(STRANGER, ("enc_a",), SEAL)


@pytest.mark.parametrize("said", [SEAL.upper(), ":".join(["AB"] * 32)])
def test_a_fingerprint_is_one_however_it_is_written(said: str) -> None:
    assert FRONT.peer(scope(PROXY, ("x-seal", said))).sha256 == SEAL


@pytest.mark.parametrize("said", ["", "ab", "x" * 64, SEAL + "00", "é" * 64])
def test_what_is_no_fingerprint_is_none(said: str) -> None:
    assert FRONT.peer(scope(PROXY, ("x-seal", said))).sha256 == ""


def test_without_a_client_nothing_is_believed() -> None:
    assert FRONT.peer({"headers": [(b"x-cert", b"enc_a")], "client": None}) == Peer("unknown")
