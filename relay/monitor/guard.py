"""Who may look at the admin port, and who may change something through it: not a page of another
site in the operator's browser.

The port is private, but the browser of whoever can reach it runs scripts of strangers. They could

    POST to it blindly (CSRF)   a browser says where the script is from: Origin, Sec-Fetch-Site. It
                                sends no JSON elsewhere without asking first (preflight), and
                                is never allowed to here, so what is no JSON is refused
    rebind a name of theirs     then Origin and Host agree, and both are that name: so Host has to
    to this address (DNS)       be an address, `localhost`, or a name that the relay itself has

To another site's page the browser shows no answer; only a rebound name could read one, so what
reads has to call the relay by one of its names, too (`relay.monitor.named`), unless there is a
token: whoever has rebound a name has none to show.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from re import fullmatch

from relay.errors import ControlRefused, quoted


def check(headers: Mapping[str, str], names: Collection[str] | None, *, body: bool = True) -> None:
    """Raise ControlRefused unless the headers are those of a caller that may change something.

    headers   by name in lower case;  names   of this machine, in lower case; None: any name will do
    body      its method is one that a page may use blindly, unless it sends JSON
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise ControlRefused(
            "The Content-Type is not application/json.",
            hint='Send "Content-Type: application/json", and {} where there is nothing to say.',
        )
    host = headers.get("host", "").lower()
    if names is not None:
        named(host, names)
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
        raise ControlRefused(
            f'A page of "{quoted(origin)}" may change nothing here.',
            hint="Use the relay's own page, or its command line.",
        )
    site = headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        raise ControlRefused(
            "A page of another site may change nothing here.",
            hint="Use the relay's own page, or its command line.",
        )


def named(host: str, names: Collection[str]) -> None:
    """Raise ControlRefused unless a Host, in lower case, is a name or an address of this relay."""
    if not _ours(host, names):
        raise ControlRefused(
            f'The Host "{quoted(host)}" is no name of this relay.',
            hint="Call it by its address, or as localhost; or give the admin port a token.",
        )


def _ours(host: str, names: Collection[str]) -> bool:
    found = fullmatch(r"(\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:[0-9]{1,5})?", host)
    if found is None:
        return False
    name = found["six"] or found["name"]
    if found["name"] and (name == "localhost" or name in names):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
