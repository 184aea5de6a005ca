"""What a request shows of its sender."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from relay.access.peer import Peer

LONGEST = 4096
"""Characters of an Authorization field that are looked at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that may say who it is.

    method, uri   as they stand in the request line: Digest signs them
    address       the peer's
    authorization the field's value, "" for none
    folders       of the path, before the publishing point's
    query         raw
    source        the name in the URL, None for none
    names, sha256 of its client certificate, if it has shown one
    """

    method: str
    uri: str
    address: str
    authorization: str = ""
    folders: tuple[str, ...] = ()
    query: str = ""
    source: str | None = None
    names: tuple[str, ...] = ()
    sha256: str = ""

    @classmethod
    def read(
        cls,
        scope: Mapping[str, Any],
        peer: Peer,
        folders: tuple[str, ...] = (),
        source: str | None = None,
    ) -> "Asked":
        """From an ASGI scope; the rest as above."""
        query = scope["query_string"].decode("latin-1")
        uri = scope["raw_path"].decode("latin-1")
        said = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        uri = f"{uri}?{query}" if query else uri
        return cls(
            *(scope["method"], uri, peer.address, said, folders, query, source),
            names=peer.names,
            sha256=peer.sha256,
        )

    @property
    def scheme(self) -> str:
        """The scheme of the Authorization field in lower case, "" for none."""
        return self.authorization.partition(" ")[0].lower()

    @property
    def parameters(self) -> str:
        """What stands behind the scheme, "" when it is longer than any should be."""
        said = self.authorization.partition(" ")[2].strip()
        return said if len(said) <= LONGEST else ""

    def tokens(self) -> list[str]:
        """Every token that it shows."""
        found = [self.parameters] if self.scheme == "bearer" else []
        parts = self.query.split("&")
        found += [unquote_plus(part[6:]) for part in parts if part.startswith("token=")]
        return [token for token in (*found, *self.folders) if token]

    def basic(self) -> tuple[str, str] | None:
        """User and password of RFC 7617, UTF-8; None when there are none."""
        if self.scheme != "basic":
            return None
        try:
            said = base64.b64decode(self.parameters, validate=True).decode()
        except ValueError:  # no base64, or no UTF-8
            return None
        user, colon, password = said.partition(":")
        return (user, password) if colon else None
