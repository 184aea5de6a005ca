"""Who is at the other end: an address, and a certificate that somebody has verified.

That somebody is our own TLS, or a front end that ends TLS before us and says in header fields what
it has found. Whatever such a field says is believed from the front end's own addresses only; from
anyone else it is as if it were not there. A front end that adds its field to one that its client
sent, instead of replacing it, would make us believe the client: so a field that stands twice is
believed from nobody. The certificate of the front end itself is never that of an encoder.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from relay.access.credentials import Network, within

_ADDRESS = re.compile(r"(?P<v4>[0-9.]+)(?::[0-9]+)?|\[?(?P<v6>[0-9A-Fa-f:.]+)\]?(?::[0-9]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST = 1_024
"""Characters of a field that are looked at."""


@dataclass(frozen=True, slots=True)
class Peer:
    """`names`: common and alternative names of its certificate; `sha256`: its fingerprint."""

    address: str
    names: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Where front ends are, and in which header fields (lower case, "" for none) they say what.

    address   the client's address, the last of a list being the one that they saw themselves
    name      a name of its verified certificate, as the source's `certificate` has it
    sha256    the certificate's fingerprint, in hexadecimal, with colons or without
    """

    networks: Sequence[Network] = ()
    address: str = ""
    name: str = ""
    sha256: str = ""

    def peer(self, scope: Mapping[str, Any]) -> Peer:
        """Who sends the request of an ASGI scope."""
        client = scope.get("client")
        here = str(client[0]) if client else "unknown"
        if not within(here, self.networks):
            tls = scope.get("extensions", {}).get("tls", {})
            return Peer(here, tuple(tls.get("names", ())), str(tls.get("sha256", "")))
        name = self._once(scope, self.name)
        seal = self._once(scope, self.sha256).replace(":", "").lower()
        return Peer(
            self._client(scope) or here,
            (name,) if name else (),
            seal if _SHA256.fullmatch(seal) else "",
        )

    def _client(self, scope: Mapping[str, Any]) -> str:
        """The address that the front end gives last, "" when it gives none that is one."""
        said = _fields(scope, self.address)
        last = said[-1].rpartition(",")[2].strip() if said else ""
        found = _ADDRESS.fullmatch(last)
        if found is None:
            return ""
        try:
            return str(ip_address(found["v4"] or found["v6"]))
        except ValueError:
            return ""

    @staticmethod
    def _once(scope: Mapping[str, Any], name: str) -> str:
        said = _fields(scope, name)
        return said[0].strip() if len(said) == 1 and len(said[0]) <= LONGEST else ""


def _fields(scope: Mapping[str, Any], name: str) -> list[str]:
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if name and key == wanted]
