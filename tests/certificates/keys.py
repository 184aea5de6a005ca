"""Certificates for tests, made by make.sh, and the client's side of TLS."""

import ssl
from hashlib import sha256
from pathlib import Path

from relay.server.tls import Files

FOLDER = Path(__file__).parent
AUTHORITY = FOLDER / "authority.pem"
REVOKED = FOLDER / "revoked.crl"


def pem(name: str) -> Path:
    """A certificate with its key: server, renewed, enc_a, enc_b, expired, revoked, stranger."""
    return FOLDER / f"{name}.pem"


def files(*, ask: bool = False, required: bool = False, cert: Path | None = None) -> Files:
    """What a listener needs; `ask`: clients may show a certificate."""
    authority, revoked = (AUTHORITY, REVOKED) if ask or required else (None, None)
    return Files(
        cert or pem("server"),
        client_ca_file=authority,
        client_crl_file=revoked,
        required=required,
    )


def client(name: str = "") -> ssl.SSLContext:
    """A client that trusts our authority and shows a certificate, if one is named."""
    context = ssl.create_default_context(cafile=str(AUTHORITY))
    if name:
        context.load_cert_chain(pem(name))
    return context


def fingerprint(name: str) -> str:
    """SHA-256 of a certificate, in hexadecimal."""
    alone = pem(name).read_text().partition("-----BEGIN EC")[0]
    return sha256(ssl.PEM_cert_to_DER_cert(alone)).hexdigest()
