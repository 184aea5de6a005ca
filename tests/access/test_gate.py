"""Who is let in, under which name, and what the others are told."""

import base64
import hashlib
from dataclasses import replace
from ipaddress import ip_network

import pytest

from relay.access import Asked, Credentials, Gate
from relay.access.digest import LIFETIME_MS, read
from relay.access.tries import Tries
from relay.errors import AccessDenied, AccessRequired, TooManyTries

KEY = b"k" * 32
HERE = "10.1.2.3"
TOKEN = "t0ken-of-enc-a-0123"
A = Credentials(token=TOKEN)
B = Credentials(user="b", password="sesame: öffne")
URI = "/news.isml/Streams(main)"


def gate(**sources: Credentials) -> Gate:
    return Gate(sources, KEY, Tries())


def asked(authorization: str = "", **more: object) -> Asked:
    return replace(Asked("POST", URI, HERE, authorization), **more)  # type: ignore[arg-type]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def digested(challenge: str, user: str, password: str, uri: str = URI) -> str:
    """What RFC 7616 3.4 makes of a challenge, written down once more."""
    said = read(challenge.removeprefix("Digest "))
    made = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[said["algorithm"]]

    def h(text: str) -> str:
        return made(text.encode()).hexdigest()

    ha1, ha2 = h(f"{user}:{said['realm']}:{password}"), h(f"POST:{uri}")
    response = h(f"{ha1}:{said['nonce']}:00000001:0a4f:auth:{ha2}")
    return (
        f'Digest username="{user}", realm="{said["realm"]}", nonce="{said["nonce"]}", uri="{uri}",'
        f' algorithm={said["algorithm"]}, response="{response}", qop=auth, nc=00000001,'
        ' cnonce="0a4f"'
    )


def refused(of: Gate, request: Asked, now: int = 0) -> AccessRequired:
    with pytest.raises(AccessRequired) as caught:
        of.admit(request, now)
    return caught.value


def test_a_channel_without_sources_is_open() -> None:
    assert gate().admit(asked(), 0) is None
    assert gate().admit(asked(source="whoever"), 0) == "whoever"


@pytest.mark.parametrize(
    "request_",
    [
        asked(f"Bearer {TOKEN}"),
        asked(f"bearer {TOKEN}"),
        asked(query=f"Streams(main)&token={TOKEN}"),
        asked(folders=("live", TOKEN)),
        asked(f"Bearer {TOKEN}", source="enc_a"),
    ],
)
@pytest.mark.threat("T33")
def test_a_token_is_known_wherever_it_stands(request_: Asked) -> None:
    assert gate(enc_a=A, enc_b=B).admit(request_, 0) == "enc_a"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer wrong", "Bearer", "Bearer ", basic("b", "wrong"), "Basic %%%", "Digest x", "x" * 9999],
)
@pytest.mark.threat("T01")
def test_what_is_wrong_is_refused_with_a_challenge(authorization: str) -> None:
    error = refused(gate(enc_a=A, enc_b=B), asked(authorization))
    assert [said.split()[0] for said in error.challenges] == ["Digest", "Digest", "Basic", "Bearer"]
    assert TOKEN not in error.message + error.hint


def test_only_what_would_help_is_asked_for() -> None:
    assert [c.split()[0] for c in refused(gate(enc_a=A), asked()).challenges] == ["Bearer"]


def test_an_empty_secret_opens_nothing() -> None:
    nobody = gate(enc_a=A, enc_b=B)
    for request in (asked("Bearer "), asked(basic("", "")), asked(query="token=")):
        refused(nobody, request)


def test_a_password_in_the_clear() -> None:
    assert gate(enc_b=B).admit(asked(basic("b", "sesame: öffne")), 0) == "enc_b"


@pytest.mark.parametrize("number", [0, 1])
def test_a_password_that_is_not_sent(number: int) -> None:
    """Both algorithms; the nonce of the probe serves the POST behind it."""
    door = gate(enc_a=A, enc_b=B)
    challenge = refused(door, asked()).challenges[number]
    request = asked(digested(challenge, "b", "sesame: öffne"))
    assert door.admit(request, 10) == "enc_b"
    assert door.admit(request, LIFETIME_MS) == "enc_b"
    assert refused(door, asked(digested(challenge, "b", "guess"))).challenges


@pytest.mark.threat("T33")
def test_a_nonce_ages_and_is_renewed() -> None:
    door = gate(enc_b=B)
    challenge = refused(door, asked()).challenges[0]
    request = asked(digested(challenge, "b", "sesame: öffne"))
    error = refused(door, request, LIFETIME_MS + 1)
    assert "stale=true" in error.challenges[0]
    again = asked(digested(error.challenges[0], "b", "sesame: öffne"))
    assert door.admit(again, LIFETIME_MS + 1) == "enc_b"


def test_a_signature_holds_for_its_address_and_its_url_only() -> None:
    door = gate(enc_b=B)
    challenge = refused(door, asked()).challenges[0]
    request = asked(digested(challenge, "b", "sesame: öffne"))
    refused(door, replace(request, address="10.9.9.9"))
    refused(door, replace(request, uri="/sport.isml/Streams(main)"))
    prefixed = asked(digested(challenge, "b", "sesame: öffne", f"/live{URI}"))
    assert door.admit(prefixed, 0) == "enc_b"


def test_a_network_alone_and_beside_a_token() -> None:
    near = Credentials(networks=(ip_network("10.1.0.0/16"),))
    both = Credentials(token=TOKEN, networks=(ip_network("192.168.0.0/16"),))
    assert gate(enc_a=near).admit(asked(), 0) == "enc_a"
    assert gate(enc_a=near).admit(asked(address=f"::ffff:{HERE}"), 0) == "enc_a"
    with pytest.raises(AccessDenied, match=r"10\.2\.0\.1"):
        gate(enc_a=near).admit(asked(address="10.2.0.1"), 0)
    with pytest.raises(AccessDenied, match=HERE):
        gate(enc_a=both).admit(asked(f"Bearer {TOKEN}"), 0)
    assert gate(enc_a=both).admit(asked(f"Bearer {TOKEN}", address="192.168.1.1"), 0) == "enc_a"


def test_a_source_without_a_secret_is_who_names_it() -> None:
    door = gate(enc_a=Credentials(), enc_b=Credentials())
    assert door.admit(asked(source="enc_b"), 0) == "enc_b"
    for name in (None, "stranger"):
        with pytest.raises(AccessDenied) as caught:
            door.admit(asked(source=name), 0)
        assert "?source=enc_a, ?source=enc_b" in caught.value.hint


def test_nobody_pushes_under_the_name_of_another() -> None:
    door = gate(enc_a=A, enc_b=B)
    with pytest.raises(AccessDenied, match="This is enc_b, and not enc_a"):
        door.admit(asked(basic("b", "sesame: öffne"), source="enc_a"), 0)


@pytest.mark.threat("T02")
def test_guessing_costs_time_and_only_the_guesser() -> None:
    door = gate(enc_b=B)
    good = basic("b", "sesame: öffne")
    for number in range(10):
        refused(door, asked(basic("b", f"guess {number}")), number * 1000)
    with pytest.raises(TooManyTries) as caught:
        door.admit(asked(good), 10_000)
    assert caught.value.seconds == 59
    assert door.admit(asked(good, address="10.1.2.4"), 10_000) == "enc_b"
    assert door.admit(asked(good), 9_000 + 60_000) == "enc_b"


def test_asking_without_a_secret_is_no_guess() -> None:
    door = gate(enc_b=B)
    for _ in range(50):
        refused(door, asked())
    assert door.admit(asked(basic("b", "sesame: öffne")), 0) == "enc_b"


def test_ten_in_an_hour_are_no_attack() -> None:
    door = gate(enc_b=B)
    for number in range(30):
        refused(door, asked(basic("b", "old")), number * 7_000)


@pytest.mark.threat("T02")
def test_in_ipv6_the_network_of_64_bits_waits() -> None:
    tries = Tries()
    for number in range(10):
        tries.failed(f"2001:db8:0:1::{number:x}", 0)
    tries.failed("::ffff:10.1.2.3", 0)
    assert tries.waits("2001:db8:0:1:ffff::9", 0) > 0
    assert tries.waits("2001:db8:0:2::1", 0) == 0
    assert tries.waits("::ffff:10.1.2.3", 0) == 0
    assert tries.waits("fe80::1%eth0", 0) == 0
    assert tries.waits("[what a front end says]:9", 0) == 0


def test_a_horde_of_guessers_is_forgotten_in_the_end() -> None:
    tries = Tries()
    for number in range(10_000):
        tries.failed(f"10.0.{number >> 8}.{number & 255}", number)
    assert len(tries._failed) == 4_096


SEAL = "ab" * 32
CERT_A, CERT_B = Credentials(certificate="enc-a.example"), Credentials(certificate=f"sha256:{SEAL}")


@pytest.mark.threat("T32", "T33")
def test_a_source_is_known_by_its_certificate() -> None:
    both = gate(enc_a=CERT_A, enc_b=CERT_B)
    assert both.admit(asked(names=("any", "enc-a.example"), sha256="cd" * 32), 0) == "enc_a"
    assert both.admit(asked(names=("any",), sha256=SEAL), 0) == "enc_b"
    with pytest.raises(AccessDenied, match="This is enc_a, and not enc_b"):
        both.admit(asked(names=("enc-a.example",), source="enc_b"), 0)


@pytest.mark.threat("T32")
@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (asked(), "takes encoders that show a certificate"),
        (asked(source="enc_a"), "takes encoders that show a certificate"),
        (asked(names=("enc-c.example",), sha256="cd" * 32), "the certificate of enc-c.example"),
        (asked(names=(f"sha256:{SEAL}",), sha256="cd" * 32), "the certificate of sha256"),
        (asked(names=("ENC-A.EXAMPLE",)), "the certificate of ENC-A"),
    ],
)
def test_another_certificate_or_none_is_refused(shown: Asked, told: str) -> None:
    """A name never passes for a fingerprint, whatever an authority has signed."""
    with pytest.raises(AccessDenied, match=told):
        gate(enc_a=CERT_A, enc_b=CERT_B).admit(shown, 0)


@pytest.mark.threat("T32")
def test_a_certificate_beside_a_token_does_not_replace_it() -> None:
    strict = gate(enc_a=replace(A, certificate="enc-a.example"))
    assert strict.admit(asked(f"Bearer {TOKEN}", names=("enc-a.example",)), 0) == "enc_a"
    for half in (
        asked(names=("enc-a.example",)),
        asked(f"Bearer {TOKEN}"),
        asked(f"Bearer {TOKEN}", names=("enc-b.example",)),
        asked("Bearer wrong", names=("enc-a.example",)),
    ):
        assert "Bearer" in refused(strict, half).challenges[-1]


def test_a_certificate_has_to_come_from_where_the_source_is() -> None:
    near = gate(enc_a=replace(CERT_A, networks=(ip_network("10.0.0.0/8"),)))
    assert near.admit(asked(names=("enc-a.example",)), 0) == "enc_a"
    with pytest.raises(AccessDenied, match=r"from 192\.0\.2\.1"):
        near.admit(asked(names=("enc-a.example",), address="192.0.2.1"), 0)
