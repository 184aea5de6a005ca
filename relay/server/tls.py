"""TLS of a listener: what we show, what we ask for, and the same from new files while it runs.

Laws
1. TLS 1.2 or 1.3, forward secrecy and authenticated ciphers only (Mozilla's "intermediate" without
   its DHE suites, which no encoder of this century needs), no renegotiation, HTTP/1.1 by ALPN.
2. A client certificate counts only when it was issued by `client_ca_file`, has not expired and is
   not in the revocation list: else the handshake fails. Without one the handshake succeeds, unless
   `required`: players share the port, and whether a sender needs a certificate is its channel's
   to say (`relay.access`).
3. Certificates are renewed by programs that know nothing of us. So the files are looked at before a
   handshake, once a second at most: when one has changed, all are read anew. What cannot be used
   (half written, a key of another certificate) leaves the former in force and is told once; it is
   tried again when a file has changed again. Connections that stand keep what they have.

A new context has new session keys, so nobody resumes a session past a new revocation list.
"""

import hashlib
import logging
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from relay.errors import ConfigInvalid

logger = logging.getLogger("relay.server")

LOOK_SECONDS = 1.0
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class Files:
    """What TLS is made of, all PEM.

    cert_file        our certificate and those between it and its authority
    key_file         its key without a passphrase, if not in the same file
    client_ca_file   authorities of client certificates; None: none is asked for
    client_crl_file  their revocation lists
    required         a client without a certificate is refused
    """

    cert_file: Path
    key_file: Path | None = None
    client_ca_file: Path | None = None
    client_crl_file: Path | None = None
    required: bool = False

    def context(self) -> ssl.SSLContext:
        """What is needed for a handshake, read now. Raises ConfigInvalid, with the file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        at: Path = self.cert_file
        try:
            context.load_cert_chain(at, self.key_file, password=_no_passphrase)
            if self.client_ca_file is not None:
                at = self.client_ca_file
                context.load_verify_locations(at)
                context.verify_mode = ssl.CERT_REQUIRED if self.required else ssl.CERT_OPTIONAL
            if self.client_crl_file is not None:
                at = self.client_crl_file
                context.load_verify_locations(at)
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        except ssl.SSLError as error:
            told = error.reason or "it holds nothing that can be used"
            raise ConfigInvalid(
                f"{at}: {told.replace('_', ' ').lower()}",
                hint="It has to be PEM, and the key has to be the certificate's.",
            ) from None
        except OSError as error:
            raise ConfigInvalid(
                f"{at if at != self.cert_file else self._missing()}: {error.strerror or error}",
                hint="The relay has to be able to read it.",
            ) from None
        except ValueError as error:
            raise ConfigInvalid(f"{self.key_file or at}: {error}") from None
        return context

    def _missing(self) -> Path:
        both = [path for path in (self.cert_file, self.key_file) if path is not None]
        return next((path for path in both if not path.is_file()), both[-1])

    def stamp(self) -> tuple[object, ...]:
        """Another one once a file has changed."""
        found: list[object] = []
        for field in fields(self):
            path = getattr(self, field.name)
            if isinstance(path, Path):
                try:
                    told = path.stat()
                except OSError as error:
                    found.append(error.errno)
                else:
                    found.append((told.st_mtime_ns, told.st_size, told.st_ino))
        return tuple(found)


class Tls:
    """The context of each new handshake. Raises ConfigInvalid when `files` cannot be used.

    `look_seconds`: at least so long between two looks at whether they have changed.
    """

    def __init__(self, files: Files, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._files = files
        self._look_seconds = look_seconds
        self._stamp = files.stamp()
        self._context = files.context()
        self._looked = time.monotonic()

    def context(self) -> ssl.SSLContext:
        """For a handshake that begins now."""
        now = time.monotonic()
        if now - self._looked >= self._look_seconds:
            self._looked = now
            if self._files.stamp() != self._stamp:
                self._renew()
        return self._context

    def reload(self) -> None:
        """Read the files anew, changed or not. Raises ConfigInvalid; the former then stay."""
        stamp = self._files.stamp()
        self._context = self._files.context()
        self._stamp = stamp
        logger.info(
            "New connections are shown what %s has.",
            self._files.cert_file,
            extra={"code": "TLS_RELOADED"},
        )

    def _renew(self) -> None:
        try:
            self.reload()
        except ConfigInvalid as error:
            self._stamp = self._files.stamp()
            logger.error(  # noqa: TRY400 - what is wrong with a file needs no traceback
                "%s. What was read before stays in force.",
                error.message,
                extra={"code": "TLS_NOT_RELOADED"},
            )


def identity(connection: ssl.SSLObject | ssl.SSLSocket) -> dict[str, Any]:
    """What an application is told of a connection, `scope["extensions"]["tls"]`.

    version    "TLSv1.3"
    names      common name and alternative names of the client's certificate, () without one
    sha256     its fingerprint in lower case, "" without one
    """
    shown: Mapping[str, Any] = {}
    whole: bytes | None = None
    with suppress(ValueError, OSError):  # one that cannot be read is none
        shown = connection.getpeercert() or {}
        whole = connection.getpeercert(binary_form=True) if shown else None
    return {
        "version": connection.version() or "",
        "names": tuple(dict.fromkeys(_names(shown))),
        "sha256": hashlib.sha256(whole).hexdigest() if whole else "",
    }


def reason(error: OSError) -> str:
    """Why a handshake failed, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return error.strerror or "it ended, or took too long"


def _names(shown: Mapping[str, Any]) -> list[str]:
    subject = [pair for part in shown.get("subject", ()) for pair in part]
    common = [value for name, value in subject if name == "commonName"]
    return [*common, *(value for _, value in shown.get("subjectAltName", ()))]


def _no_passphrase() -> str:
    raise ValueError("has a passphrase; the relay needs a key without one")
