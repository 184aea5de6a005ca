"""The head of a request: request line and header fields (RFC 9112 section 2.1), before h11.

h11 is a strict parser with a few soft spots; this file stands in front of it and closes them, and
opens one that a real encoder needs. Bytes in, bytes out; nothing here waits.

Laws
1. A head ends within 16 KiB and has at most 64 fields, however it was cut on its way (431). h11
   looks at the size only while a head is incomplete.
2. No folded lines (RFC 9112 5.2) and no white space before a colon (5.1): both are 400, since two
   parsers on one path may read them differently. One exception: `Connection :`, in any case, loses
   its space. A widely used push encoder for Smooth streams sends it, and it cannot move a body's
   end.
3. `Upgrade` is dropped (RFC 9110 7.8 lets a server ignore it): there is no h2c and no websocket.
4. The end of the body has one meaning: Transfer-Encoding together with Content-Length, or on
   HTTP/1.0, is refused (RFC 9112 6.1), as is a version other than 1.0 and 1.1, and CONNECT.
"""

import re

import h11

from relay.server.refusal import Refused

HEAD_BYTES = 16 * 1024
HEAD_FIELDS = 64

_END = re.compile(rb"\n\r?\n")
_LINE_ENDS = b"\r\n"


class HeadReader:
    """Cuts one head after the other from the bytes that come between two requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    @property
    def started(self) -> bool:
        """A part of a head is here, and waits for its end."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        self._buffer += data

    def next_head(self) -> bytes | None:
        """The next head with its empty line, as h11 may see it; None while it is incomplete.

        Raises Refused.
        """
        if not self._searched:  # RFC 9112 2.2: empty lines before a request line are skipped
            del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(_LINE_ENDS))]
        if self._buffer and self._buffer[0] <= 0x20:
            raise Refused(400, "HTTP_MALFORMED", "This is not HTTP; TLS is not spoken here.")
        end = _END.search(self._buffer, self._searched)
        if (end.end() if end else len(self._buffer)) > HEAD_BYTES:
            raise Refused(431, "HTTP_HEAD_TOO_LARGE", f"The head is over {HEAD_BYTES} bytes.")
        if end is None:
            self._searched = max(0, len(self._buffer) - 2)
            return None
        head = bytes(self._buffer[: end.end()])
        del self._buffer[: end.end()]
        self._searched = 0
        return _checked(head)

    def take_rest(self) -> bytes:
        """What follows the head: the first bytes of its body. The reader is empty afterwards."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


def _checked(head: bytes) -> bytes:
    request_line, *fields = (line.removesuffix(b"\r") for line in head.split(b"\n")[:-2])
    if len(fields) > HEAD_FIELDS:
        raise Refused(431, "HTTP_HEAD_TOO_LARGE", f"The head has over {HEAD_FIELDS} fields.")
    kept = [request_line]
    for field in fields:
        name, colon, value = field.partition(b":")
        bare = name.rstrip(b" \t")
        if field[:1] in {b" ", b"\t"}:
            raise Refused(400, "HTTP_MALFORMED", "A header field is folded over two lines.")
        if bare != name and bare.lower() != b"connection":
            text = bare.decode("latin-1")
            raise Refused(400, "HTTP_MALFORMED", f"White space after the field name {text}.")
        if bare.lower() != b"upgrade":
            kept.append(bare + colon + value)
    return b"\r\n".join([*kept, b"", b""])


def check_request(request: h11.Request) -> None:
    """Refuse what h11 lets through (law 4). Raises Refused."""
    names = [name for name, _ in request.headers]
    if request.http_version not in {b"1.0", b"1.1"}:
        raise Refused(505, "HTTP_VERSION", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if request.method == b"CONNECT":
        raise Refused(405, "HTTP_METHOD", "This is no proxy.")
    if names.count(b"authorization") > 1:  # a front end may have looked at the other one
        raise Refused(400, "HTTP_MALFORMED", "There are two Authorization fields.")
    if b"transfer-encoding" in names:
        if b"content-length" in names:
            text = "Transfer-Encoding and Content-Length in one request."
            raise Refused(400, "HTTP_AMBIGUOUS_LENGTH", text)
        if request.http_version == b"1.0":
            raise Refused(400, "HTTP_AMBIGUOUS_LENGTH", "Transfer-Encoding in HTTP/1.0.")
