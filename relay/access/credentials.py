"""What a source is known by. Secrets are kept as they must be compared, and never printed."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of one source. Empty: not asked for.

    `certificate`: a name of its client certificate, or "sha256:" and its fingerprint.
    """

    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    networks: Sequence[Network] = ()
    certificate: str = ""

    @property
    def keyed(self) -> bool:
        """It has to show a token or a password."""
        return bool(self.token or self.user)

    @property
    def secret(self) -> bool:
        """It has to show something that only it has."""
        return self.keyed or bool(self.certificate)

    @property
    def named_only(self) -> bool:
        """Anyone may be it who names it."""
        return not self.secret and not self.networks

    def comes_from(self, address: str) -> bool:
        """Its network, if that matters, has this address. An IPv4 one may be mapped into IPv6."""
        return not self.networks or within(address, self.networks)

    def has_certificate(self, names: Sequence[str], sha256: str) -> bool:
        """Its certificate was shown. A name is never taken for a fingerprint."""
        kind, colon, seal = self.certificate.partition(":")
        if colon and kind == "sha256":
            return bool(sha256) and same_text(sha256, seal.replace(":", "").lower())
        return bool(self.certificate) and self.certificate in names

    def has_token(self, shown: Sequence[str]) -> bool:
        """One of the tokens is its own."""
        same = [same_text(token, self.token) for token in shown]
        return bool(self.token) and any(same)

    def has_password(self, shown: tuple[str, str] | None) -> bool:
        """User and password are its own."""
        user, password = shown or ("", "")
        same = same_text(user, self.user) & same_text(password, self.password)
        return bool(self.user) and shown is not None and same


def within(address: str, networks: Sequence[Network]) -> bool:
    """One of the networks has this address. An IPv4 one may be mapped into IPv6."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(known, "ipv4_mapped", None) or known
    return any(mapped in network for network in networks)


def same_text(a: str, b: str) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(a.encode(errors="replace"), b.encode(errors="replace"))
