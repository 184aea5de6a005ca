"""How a receiver knows that a message is ours, whole and new: the format of Standard Webhooks.

    webhook-id         the same at every attempt: what came twice is one
    webhook-timestamp  seconds since 1970 of this attempt: too old a one is a replay
    webhook-signature  "v1," and base64 of HMAC-SHA256 over "{id}.{timestamp}.{body}"

(standardwebhooks.com; libraries that verify it exist for most languages). The key is the secret's
bytes in UTF-8; a secret that begins with "whsec_" is base64 behind that, as those libraries want.
"""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key of a secret. Raises ValueError for one that says it is base64 and is not."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f'what follows "{PREFIX}" in the secret is no base64: {error}') from None


def headers(secret: str, number: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt. Without a secret it is not signed. Raises ValueError."""
    told = {"webhook-id": number, "webhook-timestamp": str(timestamp)}
    if secret:
        signed = f"{number}.{timestamp}.".encode() + body
        digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
        told["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return told
