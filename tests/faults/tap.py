"""What goes over one connection towards the relay: POSTs, their bodies, the fragments in them.

A tap is fed exactly the bytes that were handed to the relay's socket, so a fragment that it has
found complete was completely delivered, and one that it has not was not. It reads HTTP/1.1 framing
and boxes with nothing of the relay's own, and fails loudly on what no encoder here sends.

`Aim` names a place in the bytes to come: the tap says, before they are forwarded, where in them
that place is, so that a fault happens at the very byte.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree

from tests.e2e import boxes

MANIFEST = bytes.fromhex("a5d40b30e81411ddba2f0800200c9a66")
"""The extended type of LiveServerManifestBox, MS-SSTR 2.2.7.2."""

Part = Literal["header", "moof-size", "moof", "seam", "mdat", "edge", "chunk-size", "chunk-edge"]
"""In the header's moov; in the size of a moof, in the moof; between moof and mdat; in the mdat;
before the moof; in the line of a chunk's size; between chunks."""
PARTS: tuple[Part, ...] = (
    "header",
    "moof-size",
    "moof",
    "seam",
    "mdat",
    "edge",
    "chunk-size",
    "chunk-edge",
)


@dataclass(frozen=True, slots=True)
class Aim:
    """A place: in the `part` of the `nth` fragment from now, `share` (0 to 1) of it behind."""

    part: Part
    nth: int = 1
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Fragment:
    """One that went out whole. `track` by its name in URLs, `timescale` in ticks a second."""

    track: str
    timescale: int
    moof: boxes.Moof


@dataclass(slots=True)
class Tap:
    """Reads one connection. `aim` may be set at any time; it is cleared when it has been met.

    `boxes_seen`: headers and fragments of this body;  `damaged`: fragments that cannot be read
    """

    aim: Aim | None = None
    posts: int = 0
    boxes_seen: int = 0
    damaged: int = 0
    _wire: bytearray = field(default_factory=bytearray)  # not yet parsed
    _state: Literal["head", "size", "data", "crlf", "sized"] = "head"
    _left: int = 0
    _last: bool = False  # the chunk at hand is the last one
    _body: bytearray = field(default_factory=bytearray)  # of the box at hand
    _box: tuple[str, int] | None = None
    _moof: bytes = b""
    _tracks: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    _names: Mapping[int, str] = field(default_factory=dict)

    def room(self, data: bytes) -> int | None:
        """How many of these next bytes lie before the aim; None: it is not among them."""
        if self.aim is None:
            return None
        probe, at = _copied(self), 0
        while at < len(data):
            if probe.met():
                self.aim = None
                return at
            step = probe.stride()
            probe.feed(data[at : at + step])
            at += step
        return None

    def stride(self) -> int:
        """How many bytes may be fed before it must be asked again whether the aim is met."""
        if self._state not in ("data", "sized") or self._box is None:
            return 1
        name, size = self._box
        stop = size
        if self.aim is not None and self.aim.part in (name, "header"):
            stop = self._target(size)
        left = stop - len(self._body)
        return max(1, min(self._left, left if left > 0 else size - len(self._body)))

    def feed(self, data: bytes) -> list[Fragment]:
        """These bytes were forwarded: the fragments that are complete by them."""
        found: list[Fragment] = []
        self._wire += data
        while self._wire and self._step(found):
            pass
        return found

    def met(self) -> bool:
        """The next byte is the one that was aimed at."""
        if self.aim is None or self.posts == 0:
            return False
        part = self.aim.part
        if part in ("chunk-size", "chunk-edge"):
            here = self._state == "size" and len(self._wire) == (part == "chunk-size")
            return here and self._fragments_passed()
        if self._box is None:
            if part == "moof-size":
                return len(self._body) == 3 and not self._moof and self._fragments_passed()
            if part == "seam":
                return bool(self._moof) and not self._body and self._fragments_passed()
            if part == "edge":
                behind = not self._body and not self._moof and self.boxes_seen > 0
                return behind and self._fragments_passed()
            return False
        name, size = self._box
        wanted = "moov" if part == "header" else part
        if name != wanted or (part != "header" and not self._fragments_passed()):
            return False
        return len(self._body) >= self._target(size)

    def _target(self, size: int) -> int:
        assert self.aim is not None
        return min(size - 1, 9 + int(self.aim.share * (size - 9)))

    def _fragments_passed(self) -> bool:
        return self.aim is not None and self.aim.nth <= 1 and self.boxes_seen > 0

    def _step(self, found: list[Fragment]) -> bool:
        match self._state:
            case "head":
                return self._head()
            case "size":
                end = self._wire.find(b"\r\n")
                if end < 0:
                    return False
                self._left = int(self._wire[:end], 16)
                del self._wire[: end + 2]
                self._last = not self._left
                self._state = "data" if self._left else "crlf"
                return True
            case "crlf":
                if len(self._wire) < 2:
                    return False
                del self._wire[:2]
                self._state = "head" if self._last else "size"
                return True
            case _:
                taken = bytes(self._wire[: self._left])
                del self._wire[: len(taken)]
                self._left -= len(taken)
                self._take(taken, found)
                if not self._left:
                    self._state = "crlf" if self._state == "data" else "head"
                return True

    def _head(self) -> bool:
        head, end, _ = bytes(self._wire).partition(b"\r\n\r\n")
        if not end:
            return False
        del self._wire[: len(head) + 4]
        self._body.clear()
        self._box, self._moof, self.boxes_seen = None, b"", 0
        if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            self.posts += 1
            self._state = "size"
            return True
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        self._left = int(length[1]) if length else 0
        self._state = "sized" if self._left else "head"
        return True

    def _take(self, data: bytes, found: list[Fragment]) -> None:
        """Bytes of the body, box by box."""
        at = 0
        while at < len(data):
            if self._box is None:
                missing = 8 - len(self._body)
                self._body += data[at : at + missing]
                at += missing
                if len(self._body) < 8:
                    return
                size = int.from_bytes(self._body[:4], "big")
                assert size >= 8, f"a box of {size} bytes"
                self._box = self._body[4:8].decode("latin-1"), size
            missing = self._box[1] - len(self._body)
            self._body += data[at : at + missing]
            at += missing
            if len(self._body) == self._box[1]:
                self._boxed(found)

    def _boxed(self, found: list[Fragment]) -> None:
        assert self._box is not None
        data, name = bytes(self._body), self._box[0]
        self._body.clear()
        self._box = None
        if name == "uuid" and data[8:24] == MANIFEST:
            self._names = _names(data[28:])
        elif name == "moov":
            scales = {track_id: trak.timescale for track_id, trak in boxes.tracks(data).items()}
            self._tracks = {at: (name, scales[at]) for at, name in self._names.items()}
        elif name == "moof":
            self._moof = data
        elif name == "mdat":
            found += self._read(self._moof + data)
            self._moof = b""
            if self.aim is not None and self.aim.nth > 1:
                self.aim = Aim(self.aim.part, self.aim.nth - 1, self.aim.share)
        if name in ("moov", "mdat"):
            self.boxes_seen += 1

    def _read(self, data: bytes) -> list[Fragment]:
        try:
            (moof,) = boxes.fragments(data)
            return [Fragment(*self._tracks[moof.track_id], moof)]
        except (ValueError, KeyError, IndexError, struct.error, MemoryError):
            self.damaged += 1  # by a fault that is meant to
            return []


def _copied(tap: Tap) -> Tap:
    return Tap(
        tap.aim,
        tap.posts,
        tap.boxes_seen,
        0,
        bytearray(tap._wire),
        tap._state,
        tap._left,
        tap._last,
        bytearray(tap._body),
        tap._box,
        tap._moof,
        tap._tracks,
        tap._names,
    )


def _names(xml: bytes) -> dict[int, str]:
    """`{trackName}-{systemBitrate}` of each element that has a trackID."""
    found = {}
    for element in ElementTree.fromstring(xml.rstrip(b"\0")).iter():
        said = {
            child.get("name"): child.get("value") or ""
            for child in element
            if child.tag.endswith("param")
        }
        if "trackID" in said:
            name = said.get("trackName") or element.tag.rpartition("}")[2]
            found[int(said["trackID"])] = f"{name}-{element.get('systemBitrate')}"
    return found
