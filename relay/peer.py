"""A relay that joins later: before it opens a channel, it asks another one how it numbers.

Where encoders stamp UTC and the grid is configured, two relays number alike without knowing of each
other. Where something was learnt, or has happened (an encoder began again at zero, a configuration
changed), only what was there knows. So a channel whose store has no grid yet takes the pins of its
peer (`packagers.pins`) into its own store, and then opens as after a restart: same URLs, same
discontinuity sequence, same clock. In the store they win over whatever its own encoders would say.

    PEER_JOINED        its pins are ours now
    PEER_EMPTY         it numbers nothing yet: whoever hears an encoder first decides for himself
    PEER_DIFFERS       its grid contradicts our configuration: nothing was taken
    PEER_INVALID       what it answers is no document of pins: nothing was taken
    PEER_UNREACHABLE   it does not answer in time, or not with 200

It is asked once, for `SECONDS` at most: a relay has to open its doors whoever else is down. One
that has opened without its peer says so (`Channel.alone`) until it has been reset, or is found to
agree with it (`relay.agreement`). That it did, or is not to ask, is a pin too, `peer`: the URL, or
nothing.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout

from packagers import pins
from relay.courier.answer import broken_off
from relay.errors import quoted
from relay.media import Pin
from relay.numbering import Grid
from relay.rules import Rules
from relay.store import Store

SECONDS = 3.0
PIECE = 1 << 16
NOBODY = Pin("peer", b"")
"""The pin of a channel that was reset and begins a timeline of its own."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of it, as code word and sentence; `grave`: the channel numbers on its own."""

    code: str
    text: str
    grave: bool = False


async def join(store: Store, channel: str, rules: Rules) -> Joined | None:
    """Take the peer's pins into a store that has none; None when there is nothing to ask.

    Raises OSError when the store refuses them.
    """
    if rules.peer is None or _decided(store):
        return None
    try:
        taken = await ask(rules.peer, channel)
    except OSError as error:
        late = isinstance(error, TimeoutError)
        why = f"nothing in {SECONDS:g} s" if late else quoted(str(error), 200)
        text = f"its peer {rules.peer} does not answer: {why}; it may number otherwise than there"
        return Joined("PEER_UNREACHABLE", text, grave=True)
    except ValueError as error:
        text = f"what its peer {rules.peer} answers is of no use: {quoted(str(error), 200)}"
        return Joined("PEER_INVALID", text, grave=True)
    if not taken:
        text = f"its peer {rules.peer} numbers nothing yet either"
        return Joined("PEER_EMPTY", text)
    unlike = _contradiction(Grid.decode(taken[-1].value), rules)
    if unlike:
        text = f"its peer {rules.peer} has {unlike}: configure both alike, then reset one of them"
        return Joined("PEER_DIFFERS", text, grave=True)
    for pin in [*taken[:-1], Pin("peer", rules.peer.encode()), taken[-1]]:
        await store.put(pin)
    return Joined("PEER_JOINED", f"numbers as its peer {rules.peer} does")


async def ask(url: str, channel: str) -> list[Pin]:
    """The pins of a peer's channel; none while it numbers nothing.

    Raises OSError when it does not answer, ValueError when that is no document.
    """
    return pins.read(await _asked(f"{url.rstrip('/')}/{channel}.isml/pins"))


def _decided(store: Store) -> bool:
    """The store knows how to number, or that nobody is to be asked."""
    with contextlib.closing(store.follow()) as feed:
        return any(
            isinstance(member, Pin) and (member.name == "grid" or member == NOBODY)
            for member in feed.past
        )


async def _asked(url: str) -> bytes:
    """The body of a 200. Raises OSError (TimeoutError too), ValueError when it is too long."""
    timeout = ClientTimeout(total=SECONDS)
    headers = {"accept": pins.MEDIA_TYPE, "accept-encoding": "identity"}
    body = bytearray()
    try:
        async with (
            asyncio.timeout(SECONDS),
            ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise OSError(f"it answers {answer.status}")
            async for piece in answer.content.iter_chunked(PIECE):
                body += piece
                if len(body) > pins.LARGEST:
                    raise ValueError(f"more than {pins.LARGEST} bytes")
    except ClientError as error:
        raise OSError(broken_off(error)) from error
    return bytes(body)


def _contradiction(grid: Grid, rules: Rules) -> str:
    """What the grid has otherwise than the configuration wants it, or ""."""
    if rules.duration is not None and rules.duration != grid.D:
        return f"fragments of {grid.D} s, not of {rules.duration} s"
    if grid.base != rules.base:
        return f"first_index {grid.base}, not {rules.base}"
    if rules.anchor == "utc" and grid.epoch:
        return "a local timeline, not UTC"
    return ""
