"""Who we are towards a peer, and whom we trust."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials of one attempt.

    user, password       for a Basic or Digest challenge;  token  sent as Bearer, unasked
    verify               False: any certificate will do
    ca_file              the authorities to trust instead of the system's
    cert_file, key_file  our own certificate; the key may stand in the same file
    """

    user: str = ""
    password: str = ""
    token: str = ""
    verify: bool = True
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @property
    def secret(self) -> bool:
        """There is something that must not go to another host."""
        return bool(self.token or self.user)

    def context(self) -> ssl.SSLContext:
        """What TLS needs to know. Reads files; raises OSError (ssl.SSLError is one)."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context
