"""Upstreams that lead back to the relay that sends: a channel that would feed itself.

An address is ours when its port is the one we listen on and its host is the one we listen on; or,
when we listen on all of them, any that a socket of this machine can be bound to. Names are resolved
only where the port agrees; one that nobody knows now is nobody's. A channel may go up to another
channel of the same relay, as long as no way leads back.

What comes back through other relays, proxies or another name of ours cannot be seen from here. It
does no harm that grows: a relay sends on what its timeline has, once, and what comes back is a
duplicate of it, so nothing goes round twice (`tests/forwarder/test_loops.py`).
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from relay.errors import IngestUrl
from relay.ingest import url as ingest

_PORTS = {"http": 80, "https": 443}
_EVERY = ("0.0.0.0", "::", "")  # noqa: S104 - what is compared with, not listened on


def loops(listen: str, upstreams: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What is wrong: a line for each upstream that leads back. `listen`: HOST:PORT.

    upstreams   the URLs of each channel's upstreams by name, by channel
    """
    ways = {
        channel: {name: own for name, url in said.items() if (own := _own(listen, url))}
        for channel, said in upstreams.items()
    }
    found = []
    for channel, ahead in ways.items():
        for name, to in ahead.items():
            way = _way(ways, to, channel)
            if way:
                through = "".join(f" by way of its channel {one}" for one in way[:-1])
                found.append(
                    f"channels.{channel}.upstreams.{name}.url - {upstreams[channel][name]} leads"
                    f" back to channel {channel} of this relay{through}: what it sends would come"
                    " back to it; write the URL of another receiver"
                )
    return found


def _way(
    ways: Mapping[str, Mapping[str, str]], at: str, to: str, passed: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The channels from one to another, both named; () when there is no way."""
    if at == to:
        return (*passed, at)
    if at in passed:
        return ()
    on = (_way(ways, behind, to, (*passed, at)) for behind in ways.get(at, {}).values())
    return next((way for way in on if way), ())


def _own(listen: str, url: str) -> str:
    """The channel of ours that a URL names; "" when it is none."""
    parts = urlsplit(url)
    host, _, port = listen.rpartition(":")
    try:
        given = parts.port or _PORTS[parts.scheme.lower()]
        point = ingest.parse(parts.path).point
    except (ValueError, KeyError, IngestUrl):
        return ""  # whoever reads the URL says what is wrong with it
    if given != int(port) or not parts.hostname:
        return ""
    ours = host.strip("[]").lower()
    theirs = set(_addresses(parts.hostname))
    if ours not in _EVERY:
        same = parts.hostname == ours or theirs & set(_addresses(ours))
        return point if same else ""
    return point if any(_is_here(address) for address in theirs) else ""


def _addresses(host: str) -> Iterator[str]:
    with suppress(OSError, UnicodeError):
        for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            yield str(address[0])


def _is_here(address: str) -> bool:
    """A socket can be bound to it: it is an address of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as tried:
        tried.bind((address, 0))
        return True
    return False
