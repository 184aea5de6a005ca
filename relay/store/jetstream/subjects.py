"""How members are written on the wire of NATS: one subject a key, the facts in the headers.

    {cluster}.{channel}.{generation}.m.{track}.{run}.{index}[.{beside}]     copy, gap, fill, event
    {cluster}.{channel}.{generation}.p.{name}                               pin
    {cluster}.{channel}.clear                                               how often it was emptied

Equal keys have equal subjects, so "first under its key" is "first on its subject", which the stream
decides (`Nats-Expected-Last-Subject-Sequence: 0`). The generation counts how often the channel was
emptied: what is still on its way from before meets no key of afterwards.

The facts travel in a header, as they stand in the name of a file (`relay.store.filename`), and a
pin's value too: so followers ask for headers only, and fetch the bytes that they lack.

Tokens keep [A-Za-z0-9_-]; anything else becomes `=XX` per UTF-8 byte, since a dot would separate.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from relay.media import Member, Pin
from relay.store import filename
from relay.store.shelf import key_of

FACTS, PIN, VALUE = "Relay-Member", "Relay-Pin", "Relay-Value"
ID, EXPECTED = "Nats-Msg-Id", "Nats-Expected-Last-Subject-Sequence"
GENERATION = "Relay-Generation"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the stream. `member` None: it says that the channel was emptied.

    seq         its place in the stream
    crc         crc32 of a copy's bytes
    id          of the put that wrote it
    generation  what it belongs to; of an emptying: what begins
    """

    seq: int
    generation: int
    member: Member | None
    crc: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The names of one channel of a cluster."""

    cluster: str
    channel: str

    @property
    def stream(self) -> str:
        """The stream that holds it."""
        return f"{token(self.cluster)}_{token(self.channel)}"

    @property
    def root(self) -> str:
        """What all its subjects begin with."""
        return f"{token(self.cluster)}.{token(self.channel)}"

    @property
    def all(self) -> str:
        """The subjects of the stream."""
        return f"{self.root}.>"

    @property
    def clear(self) -> str:
        """Where it is said that the channel was emptied."""
        return f"{self.root}.clear"

    def of(self, member: Member, generation: int) -> str:
        """The subject for which a member competes."""
        key = key_of(member)
        if isinstance(key, str):
            return f"{self.root}.{generation}.p.{token(key)}"
        track, run, index, beside = key
        ending = f".{beside}" if beside else ""
        return f"{self.line(track, run, generation)}.{index}{ending}"

    def generation(self, generation: int) -> str:
        """All subjects of a generation."""
        return f"{self.root}.{generation}.>"

    def line(self, track: str, run: int, generation: int) -> str:
        """What the subjects of a track and run begin with."""
        return f"{self.root}.{generation}.m.{token(track)}.{run}"

    def read(self, subject: str, headers: Mapping[str, str], seq: int) -> Said | None:
        """A message; None when it is none of ours."""
        try:
            if subject == self.clear:
                return Said(seq, int(headers[GENERATION]), None)
            rest = subject.removeprefix(f"{self.root}.").split(".")
            generation, kind, tail = int(rest[0]), rest[1], rest[2:]
            said = headers.get(ID, "")
            if kind == "p":
                pin = Pin(unescape(headers[PIN]), b64decode(headers[VALUE], validate=True))
                return Said(seq, generation, pin, 0, said)
            found = filename.read_member_name(unescape(tail[0]), headers[FACTS])
            return None if found is None else Said(seq, generation, found[0], found[2], said)
        except (KeyError, IndexError, ValueError):
            return None


def facts(member: Member, crc: int) -> dict[str, str]:
    """The headers that say what a member is."""
    if isinstance(member, Pin):
        return {PIN: token(member.name), VALUE: b64encode(member.value).decode()}
    return {FACTS: filename.member_name(member, 0, crc)}


def token(text: str) -> str:
    """`text` as one token of a subject."""
    plain = re.sub(r"[^A-Za-z0-9_-]", _escape, text)
    return plain or "="  # a token is never empty


def unescape(text: str) -> str:
    """What `token` was given."""
    return "" if text == "=" else filename.unescape(text)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in found[0].encode())
