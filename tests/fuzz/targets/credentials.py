"""Authorization fields, queries and paths of strangers before a gate: nobody comes in by chance."""

import base64
import hashlib
from collections.abc import Iterator
from ipaddress import ip_network

from relay.access import Credentials, Gate, Peer, digest
from relay.access.asked import Asked
from relay.access.tries import Tries
from relay.errors import AccessDenied, AccessRequired, TooManyTries
from tests.fuzz.target import Target

KEY = b"k" * 32
TOKEN, PASSWORD = "a-token-that-is-long-enough-0123", "a password that nobody guesses"
SOURCES = {
    "token": Credentials(token=TOKEN),
    "user": Credentials(user="user", password=PASSWORD),
    "net": Credentials(user="net", password=PASSWORD, networks=(ip_network("10.0.0.0/8"),)),
}
_MADE = 1_000


def _run(data: bytes) -> None:
    field, _, query = data.partition(b"\n")
    said = field.decode("latin-1")
    digest.read(said)
    scope = {
        "query_string": query,
        "raw_path": b"/news.isml/Streams(a)",
        "headers": [(b"authorization", field)],
        "method": "POST",
    }
    asked = Asked.read(scope, Peer("127.0.0.1"), tuple(query.decode("latin-1").split("/")))
    gate = Gate(SOURCES, KEY, Tries())
    try:
        name = gate.admit(asked, _MADE + 5)
    except (AccessRequired, AccessDenied, TooManyTries) as error:
        assert PASSWORD not in error.message + error.hint
        assert TOKEN not in error.message + error.hint
        return
    known = TOKEN in query.decode("latin-1") or TOKEN in said or _signed(said) or _basic(said)
    assert known, f"{name} came in, and showed nothing"


def _signed(said: str) -> bool:
    found = digest.read(said.partition(" ")[2].strip())
    return found.get("response", "") in (_answer(found, "SHA-256"), _answer(found, "MD5"))


def _basic(said: str) -> bool:
    try:
        return PASSWORD in base64.b64decode(said.partition(" ")[2].strip()).decode()
    except ValueError:
        return False


def _answer(found: dict[str, str], name: str) -> str:
    def hashed(text: str) -> str:
        data = text.encode()
        if name == "MD5":
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        return hashlib.sha256(data).hexdigest()

    middle = ":".join(found.get(part, "") for part in ("nonce", "nc", "cnonce", "qop"))
    request = hashed(f"POST:{found.get('uri', '')}")
    return hashed(f"{hashed(f'user:relay:{PASSWORD}')}:{middle}:{request}")


def _seeds() -> Iterator[bytes]:
    for challenge in digest.challenges(KEY, "127.0.0.1", _MADE):
        found = digest.read(challenge.partition(" ")[2])
        found |= {
            "uri": "/news.isml/Streams(a)",
            "nc": "00000001",
            "cnonce": "c",
            "username": "user",
        }
        found["response"] = _answer(found, found["algorithm"])
        yield ("Digest " + ", ".join(f'{k}="{v}"' for k, v in found.items())).encode()
    yield b"Basic " + base64.b64encode(f"user:{PASSWORD}".encode())
    yield b"Basic " + base64.b64encode(b"user:wrong")
    yield f"Bearer {TOKEN}".encode()
    yield f"\ntoken={TOKEN}&source=token".encode()
    yield f"\n{TOKEN}/live".encode()


WORDS = (
    b"Digest ",
    b"Basic ",
    b"Bearer ",
    b'nonce="',
    b"response=",
    b"algorithm=MD5",
    b'\\"',
    b"token=",
)
CREDENTIALS = Target("credentials", _run, _seeds, WORDS, longest=4096)
