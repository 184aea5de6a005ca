"""What a source is known by. Secrets are kept as they must be compared, and never printed."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of one source. Empty: not asked for."""

    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    networks: Sequence[Network] = ()

    @property
    def secret(self) -> bool:
        """It has to show something that only it knows."""
        return bool(self.token or self.user)

    @property
    def named_only(self) -> bool:
        """Anyone may be it who names it."""
        return not self.secret and not self.networks

    def comes_from(self, address: str) -> bool:
        """Its network, if that matters, has this address. An IPv4 one may be mapped into IPv6."""
        if not self.networks:
            return True
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(known, "ipv4_mapped", None) or known
        return any(mapped in network for network in self.networks)

    def has_token(self, shown: Sequence[str]) -> bool:
        """One of the tokens is its own."""
        same = [same_text(token, self.token) for token in shown]
        return bool(self.token) and any(same)

    def has_password(self, shown: tuple[str, str] | None) -> bool:
        """User and password are its own."""
        user, password = shown or ("", "")
        same = same_text(user, self.user) & same_text(password, self.password)
        return bool(self.user) and shown is not None and same


def same_text(a: str, b: str) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(a.encode(errors="replace"), b.encode(errors="replace"))
