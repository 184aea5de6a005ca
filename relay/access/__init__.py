"""Who may push to a channel, and as which source.

A channel without sources in its configuration is open: whoever comes is called what the URL or its
address says. One with sources takes those only, and each is known by what it shows:

    token       `Authorization: Bearer`, or `?token=` in the URL, or a folder before the name in
                its path (`/{token}/news.isml`, where Azure had its access token)
    password    Basic or Digest; both are offered, on the empty POST as on any other (HTTP-1a)
    certificate of TLS, by a name in it or its fingerprint; our own TLS has verified it, or a front
                end that the configuration trusts (peer.py)
    network     the peer's address

A source that has several of these has to show a token or its password, whichever, and all else.

A source without any of these is anyone who names it, `?source=enc_a`. One that shows whose it is
need not name itself; one that names another's name is refused.

What is wrong costs its sender time: `tries`. Comparisons take the same time whatever is compared,
and every source is looked at, so an answer's delay tells nothing. Sans-IO.
"""

from relay.access.asked import Asked
from relay.access.credentials import Credentials
from relay.access.gate import Gate
from relay.access.peer import FrontEnd, Peer

__all__ = ["Asked", "Credentials", "FrontEnd", "Gate", "Peer"]
