"""The body of a chunked request, without its chunks (RFC 9112 section 7.1).

h11 takes some thirty microseconds and five copies for each piece of a chunk, and an encoder's body
is nothing but chunks, gigabytes of them. So all chunks but the last are read here, and what is
between their borders in one piece of input comes out as one piece. The last chunk (size 0) and all
behind it go to h11, which knows about trailers, the end of a message and the next request; to it
the body looks like one that has no other chunk.

What h11 refuses is refused here: a chunk's first line has the same grammar, and a differential test
holds both against each other. The line is shorter here, 4 KiB with its extension, and holds no CR.
"""

import re

from relay.media import Buffer
from relay.server.refusal import Refused

LINE_BYTES = 4_096

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\r\n]*)?[ \t]*")
_EDGE = b"\r\n"


class Chunks:
    """One body, however its bytes are cut: `feed`, then `take` until there is no more.

    rest    from where the last chunk begins; empty until it has come
    fault   why nothing more can be read. What came before it has come out.
    """

    def __init__(self) -> None:
        self.rest = b""
        self.fault: Refused | None = None
        self._data = b""
        self._at = 0
        self._left = 0  # bytes of the open chunk that have not come
        self._edge = 0  # how much is missing of the CRLF behind a chunk

    def feed(self, data: bytes) -> None:
        """More bytes. What was fed before has been taken, but for a part of a first line."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def take(self, most: int) -> list[Buffer]:
        """What comes next of the body, of `most` chunks; none: feed, or see `rest` and `fault`."""
        data, size = self._data, len(self._data)
        if self._at == 0 and self._left >= size > 0:
            self._advance(size)
            self._forget()
            return [data]
        pieces: list[Buffer] = []
        view = memoryview(data)
        try:
            while self._at < size and len(pieces) < most and not self.rest:
                at, left = self._at, self._left
                if left:
                    end = at + left
                    pieces.append(view[at:end])
                    if data.startswith(_EDGE, end):  # the whole chunk is here, as most are
                        self._at, self._left = end + len(_EDGE), 0
                    else:
                        self._advance(min(left, size - at))
                elif self._edge:
                    self._cross()
                elif not self._open():
                    break
        except Refused as fault:
            self.fault = fault
        if self._at >= size:
            self._forget()
        return pieces

    def _forget(self) -> None:
        """All of what was fed has been taken: a sender that pauses now holds no memory."""
        self._data, self._at = b"", 0

    def _advance(self, size: int) -> None:
        """Go on behind so many bytes of the open chunk."""
        self._at += size
        self._left -= size
        self._edge = 0 if self._left else len(_EDGE)

    def _cross(self) -> None:
        """Go on behind what is here of the CRLF that ends a chunk."""
        found = self._data[self._at : self._at + self._edge]
        if not _EDGE[len(_EDGE) - self._edge :].startswith(found):
            raise Refused(400, "HTTP_MALFORMED", "A chunk is longer than its size says.")
        self._edge -= len(found)
        self._at += len(found)

    def _open(self) -> bool:
        """Read the first line of a chunk; False while it is incomplete."""
        end = self._data.find(_EDGE, self._at, self._at + LINE_BYTES)
        if end < 0:
            if len(self._data) - self._at >= LINE_BYTES:
                raise Refused(431, "HTTP_MALFORMED", f"No chunk size in {LINE_BYTES} bytes.")
            return False
        found = _SIZE.fullmatch(self._data, self._at, end)
        if found is None:
            raise Refused(400, "HTTP_MALFORMED", "This is not the size of a chunk.")
        self._left = int(found[1], 16)
        if self._left:
            self._at = end + len(_EDGE)
        else:
            self.rest = self._data[self._at :]
            self._at = len(self._data)
        return True
