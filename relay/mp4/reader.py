"""Top-level framing (ISO/IEC 14496-12 4.2): chunks in, whole boxes out.

The reader meets the network first. It trusts nothing: a box that is malformed or too large is
refused when its header has been read, before any of its body is kept. It knows the limits of the
five boxes of a live stream; any other box comes out too, unless it is so large that only skipping
makes sense. Bytes of a body are kept as they came and joined once, those of a large mdat never;
small pieces share a buffer, so that a sender of one-byte chunks costs no more memory than others.

How the input is cut never matters. That holds for faults too: boxes that were complete before a
fault come out first, and the fault is raised by the next call (`feed(b"")` asks for it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from struct import Struct

from relay.errors import BoxInvalid, BoxTooLarge, EncoderError, quoted
from relay.media import Buffer

_HEADER = Struct(">I4s")
_LARGESIZE = Struct(">Q")
_SMALL = 4096
_LARGE = 1 << 20
"""Of media that is not joined: several reads, so that what else they hold is no more than half."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Greatest sizes in bytes, headers included, by box type.

    manifest   any uuid box: the live server manifest is the one that matters
    other      boxes of other types up to this size come out; larger ones are skipped unread, and
               refused above the limit of mdat
    boxes      how many boxes may follow each other without media (an mdat that holds something)
    """

    ftyp: int = 1 << 10
    manifest: int = 64 << 10
    moov: int = 1 << 20
    moof: int = 1 << 20
    mdat: int = 64 << 20
    other: int = 64 << 10
    boxes: int = 256


@dataclass(frozen=True, slots=True)
class Box:
    """One whole box: `data` with its header, which is `header` bytes long (largesize and extended
    type included). `uuid` is the extended type of a uuid box."""

    type: str
    data: bytes
    header: int
    uuid: bytes = b""

    @property
    def payload(self) -> memoryview:
        """What follows the header."""
        return memoryview(self.data)[self.header :]


class Media(Box):
    """A large mdat. `parts`: its bytes as they came; `data` joins them, each time it is asked."""

    __slots__ = ("parts",)
    parts: tuple[Buffer, ...]

    def __init__(self, header: int, parts: tuple[Buffer, ...]) -> None:
        for name, value in (("type", "mdat"), ("header", header), ("uuid", b""), ("parts", parts)):
            object.__setattr__(self, name, value)  # it is frozen

    @property
    def data(self) -> bytes:
        """All of it, header included."""
        return b"".join(self.parts)

    @property
    def size(self) -> int:
        """Bytes of what it holds."""
        return sum(map(len, self.parts)) - self.header


class BoxReader:
    """Cuts one byte stream into its top-level boxes."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._known = {
            b"ftyp": self._limits.ftyp,
            b"uuid": self._limits.manifest,
            b"moov": self._limits.moov,
            b"moof": self._limits.moof,
            b"mdat": self._limits.mdat,
        }
        self._head = bytearray()
        self._wanted = 8  # bytes of the header, as far as is known
        self._size = 0  # of the open box; 0 until its header is complete
        self._left = 0
        self._kept = True
        self._pieces: list[bytearray | memoryview] = []
        self._streak = 0
        self._fault: Callable[[], EncoderError] | None = None

    @property
    def pending(self) -> int:
        """Bytes that came of an unfinished box; 0 at the edge of a box."""
        return self._size - self._left if self._size else len(self._head)

    @property
    def missing(self) -> int:
        """Bytes that are still to come of an unfinished box whose header is here, else 0."""
        return self._left

    def feed(self, chunk: Buffer) -> list[Box]:
        """The boxes that `chunk` completes.

        Raises BoxInvalid or BoxTooLarge; the reader is then of no further use.
        """
        if self._fault is not None:
            raise self._fault()
        boxes: list[Box] = []
        view = memoryview(chunk)
        at = 0
        try:
            while at < len(view):
                at = self._body(view, at) if self._size else self._header(view, at)
                if self._size and not self._left:
                    self._finish(boxes)
        except EncoderError as fault:
            # To be made anew: one that is kept keeps, by its traceback, the whole connection.
            self._fault = partial(type(fault), fault.message, hint=fault.hint)
            if not boxes:
                raise
        return boxes

    def _header(self, view: memoryview, at: int) -> int:
        """Take header bytes from `at` on; open the box when they are all there."""
        part = view[at : at + self._wanted - len(self._head)]
        self._head += part
        if len(self._head) == self._wanted:
            self._open()
        return at + len(part)

    def _open(self) -> None:
        """Judge the header as far as it came; open its box, or say how much more is wanted."""
        wanted = self._wanted
        size, kind = _HEADER.unpack_from(self._head)
        length = 16 if size == 1 else 8
        if wanted == 8:
            self._check_type(kind)
        if wanted < length:
            self._wanted = length
            return
        if size == 1:
            (size,) = _LARGESIZE.unpack_from(self._head, 8)
        if wanted == length:
            self._check_size(size, kind, length)
        if kind == b"uuid" and wanted < length + 16:
            self._wanted = length + 16
            return
        self._size = size
        self._left = size - wanted
        self._kept = kind in self._known or size <= self._limits.other

    def _check_type(self, kind: bytes) -> None:
        if not all(0x20 <= c <= 0x7E for c in kind):
            raise BoxInvalid(
                f"What should be a box type is {kind.hex()}.",
                hint="No fragmented MP4 stream (with ffmpeg: -f ismv), or bytes of it are missing.",
            )

    def _check_size(self, size: int, kind: bytes, length: int) -> None:
        name = quoted(kind.decode("ascii"))
        if size < length + (16 if kind == b"uuid" else 0):
            raise BoxInvalid(
                f"Box '{name}' states a size of {size} bytes.",
                hint="A live stream has no open-ended boxes, and none smaller than its header.",
            )
        limit = self._known.get(kind, self._limits.mdat)
        if size > limit:
            raise BoxTooLarge(f"Box '{name}' has {size} bytes; the limit is {limit}.")
        self._streak = 0 if kind == b"mdat" and size > length else self._streak + 1
        if self._streak > self._limits.boxes:
            raise BoxInvalid(f"{self._streak} boxes came without media between them.")

    def _body(self, view: memoryview, at: int) -> int:
        part = view[at : at + self._left]
        self._left -= len(part)
        if self._kept:
            if len(part) >= _SMALL:
                self._pieces.append(part)
            elif self._pieces and isinstance(last := self._pieces[-1], bytearray):
                last += part
            else:
                self._pieces.append(bytearray(part))
        return at + len(part)

    def _finish(self, boxes: list[Box]) -> None:
        """Close the open box; it joins `boxes` unless it was skipped."""
        head, self._head = self._head, bytearray()
        self._wanted = 8
        size, self._size = self._size, 0
        if not self._kept:
            return
        pieces, self._pieces = self._pieces, []
        kind = head[4:8].decode("ascii")
        if kind == "mdat" and size >= _LARGE:
            boxes.append(Media(len(head), (bytes(head), *(memoryview(piece) for piece in pieces))))
            return
        uuid = bytes(head[-16:]) if kind == "uuid" else b""
        boxes.append(Box(kind, b"".join((head, *pieces)), len(head), uuid))
