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

from relay.server.refusal import Refused

LINE_BYTES = 4_096

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\r\n]*)?[ \t]*")
_EDGE = b"\r\n"


class Chunks:
    """One body, however its bytes are cut.

    rest    from where the last chunk begins; empty until it has come
    fault   why nothing more can be read. What came before it has come out.
    """

    def __init__(self) -> None:
        self.rest = b""
        self.fault: Refused | None = None
        self._left = 0  # bytes of the open chunk that have not come
        self._edge = 0  # how much is missing of the CRLF behind a chunk
        self._line = b""  # the beginning of a chunk's first line

    def feed(self, data: bytes) -> bytes:
        """What `data` holds of the body; up to `rest` or `fault`, once there is either."""
        if self._line:
            data, self._line = self._line + data, b""
        size = len(data)
        if self._left >= size:
            self._left -= size
            self._edge = 0 if self._left else 2
            return data
        parts: list[memoryview] = []
        view = memoryview(data)
        at = 0
        try:
            while at < size:
                if self._left:
                    part = view[at : at + self._left]
                    parts.append(part)
                    at += len(part)
                    self._left -= len(part)
                    self._edge = 0 if self._left else 2
                elif self._edge:
                    at = self._cross(data, at)
                else:
                    at = self._open(data, at)
        except Refused as fault:
            self.fault = fault
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def _cross(self, data: bytes, at: int) -> int:
        """Behind what is here of the CRLF that ends a chunk."""
        found = data[at : at + self._edge]
        if not _EDGE[2 - self._edge :].startswith(found):
            raise Refused(400, "HTTP_MALFORMED", "A chunk is longer than its size says.")
        self._edge -= len(found)
        return at + len(found)

    def _open(self, data: bytes, at: int) -> int:
        """Behind the first line of a chunk, or the end of the data."""
        end = data.find(_EDGE, at, at + LINE_BYTES)
        if end < 0:
            if len(data) - at >= LINE_BYTES:
                raise Refused(431, "HTTP_MALFORMED", f"No chunk size in {LINE_BYTES} bytes.")
            self._line = data[at:]
            return len(data)
        found = _SIZE.fullmatch(data, at, end)
        if found is None:
            raise Refused(400, "HTTP_MALFORMED", "This is not the size of a chunk.")
        self._left = int(found[1], 16)
        if self._left:
            return end + 2
        self.rest = data[at:]
        return len(data)
