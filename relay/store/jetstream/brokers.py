"""The brokers that relays share: where they are, how they are spoken to, which are refused.

NATS 2.15.0 is refused: a leader that was cut off and comes back with uncommitted entries never
catches up, for ever keeps answering reads from what it had, and so three copies are silently two.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

OLDEST = (2, 10, 23)
"""Before it a kill could lose what was acknowledged."""
REFUSED = frozenset({(2, 15, 0)})
LEAST_PAYLOAD = 8 << 20
"""Bytes that a message has to be able to carry: a fragment is one message."""


class Silence(Exception):
    """The brokers gave no answer that counts: nobody knows what became of what was asked."""


@dataclass(frozen=True, slots=True)
class Brokers:
    """A cluster as a relay speaks to it.

    servers   URLs, the nearest first: nats://host:port, tls://host:port
    cluster   the name under which these relays share; others may share the same brokers
    replicas  on how many servers each member is
    patience  seconds that a put waits for the brokers, before the relay goes on alone
    """

    servers: tuple[str, ...]
    cluster: str = "relay"
    replicas: int = 3
    patience: float = 12.0
    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    attempt: float = field(default=2.0, kw_only=True)

    def token(self) -> str | None:
        """The secret, read anew for every connection. Raises OSError."""
        return self.token_file.read_text("utf-8").strip() if self.token_file else None

    def tls(self) -> ssl.SSLContext | None:
        """How the brokers are trusted; None: by no certificates. Raises OSError."""
        if self.ca_file is None and self.cert_file is None:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


def fault(version: str) -> str:
    """Why a server of this version is not to be used, and what to do; "" when it may be."""
    plain = version.removeprefix("v").partition("-")[0].partition("+")[0]
    try:
        numbers = tuple(int(part) for part in plain.split("."))
    except ValueError:
        return ""  # a build of somebody's own
    if numbers in REFUSED:
        return (
            f"NATS {version} leaves a leader that was cut off behind for ever, so that three copies"
            " are two and nobody is told. Install 2.14.6"
        )
    if numbers < OLDEST:
        least = ".".join(map(str, OLDEST))
        return (
            f"NATS {version} can lose what it has acknowledged. Install {least} or later (2.14.6)"
        )
    return ""
