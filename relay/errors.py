"""What can go wrong, drawn as a tree by whose fault it is.

    RelayError
    ├── OperatorError      the configuration or the machine; ends the process (exit_code)
    │   ├── ConfigInvalid        78  CONFIG_INVALID
    │   ├── PortBusy             75  PORT_BUSY
    │   └── StoreBusy            75  STORE_BUSY
    ├── EncoderError       what a sender did; answered to its POST (status), its stream only
    │   ├── IngestUrl           400  INGEST_URL
    │   ├── PointUnknown        404  INGEST_POINT_UNKNOWN
    │   ├── BoxInvalid          400  INGEST_BOX
    │   ├── BoxTooLarge         413  INGEST_BOX_TOO_LARGE
    │   ├── ManifestInvalid     400  INGEST_MANIFEST
    │   ├── HeaderMissing       412  INGEST_HEADER_MISSING
    │   ├── HeaderInvalid       400  INGEST_HEADER
    │   ├── HeaderDiffers       412  INGEST_HEADER_DIFFERS
    │   ├── ClockRefused        409  INGEST_CLOCK
    │   ├── CodecUnsupported    415  INGEST_CODEC
    │   ├── EncodingUnsupported 415  INGEST_CONTENT_ENCODING
    │   ├── FragmentInvalid     400  INGEST_FRAGMENT
    │   ├── BodyStalled         408  INGEST_STALLED
    │   ├── ChunkingAbusive     400  INGEST_CHUNKING
    │   ├── MethodNotAllowed    405  INGEST_METHOD
    │   ├── LimitReached        503  INGEST_LIMIT
    │   ├── Draining            503  INGEST_DRAINING
    │   ├── PointReset          503  INGEST_RESET
    │   └── StoreUnavailable    503  INGEST_STORE
    ├── ControlError       what an operator asked of the admin port; answered to him
    │   ├── ControlInvalid      400  CONTROL_BODY
    │   ├── ControlRefused      403  CONTROL_REFUSED
    │   ├── ChannelUnknown      404  CONTROL_CHANNEL_UNKNOWN
    │   └── ResetFailed         503  CONTROL_RESET
    └── PlayerError        what a player asked for
        ├── NotFound            404  PLAYBACK_NOT_FOUND
        ├── NotYet              404  PLAYBACK_NOT_YET
        └── RangeInvalid        416  PLAYBACK_RANGE

The code word is the same in the answer's body, the log, the metric, the event and the docs.
Duplicate, late, gap and differs are no errors: they are values (`relay.media.Verdict`). The status
codes follow DASH-IF Live Media Ingest 1.2 (400, 403, 404, 412, 415, 5xx); AMS published none.

A message is one sentence that says what was found; `hint`, another that says what to do. Neither
holds a secret, and what a stranger sent stands in it only through `quoted`.
"""

from http import HTTPStatus
from typing import ClassVar


def quoted(text: str, limit: int = 80) -> str:
    """A stranger's text, fit for a log, an answer or a terminal: printable ASCII, cut short."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in cut)


class RelayError(Exception):
    """Root of the tree; never raised itself."""

    code: ClassVar[str] = "RELAY_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def problem(self, status: int = 0) -> dict[str, str | int]:
        """The error as the members of a problem document (RFC 9457). `status`: another answer's."""
        told: dict[str, str | int] = {
            "type": "about:blank",
            "title": HTTPStatus(status or self.status).phrase,
            "status": status or self.status,
            "code": self.code,
            "detail": self.message,
        }
        return {**told, "hint": self.hint} if self.hint else told


class OperatorError(RelayError):
    """The operator has to act; `exit_code` follows sysexits.h."""

    exit_code: ClassVar[int] = 1


class ConfigInvalid(OperatorError):
    """The configuration cannot be used; the message names the key's path."""

    code = "CONFIG_INVALID"
    exit_code = 78


class PortBusy(OperatorError):
    """An address to listen on is taken."""

    code = "PORT_BUSY"
    exit_code = 75


class StoreBusy(OperatorError):
    """Another process owns the store's folder."""

    code = "STORE_BUSY"
    exit_code = 75


class EncoderError(RelayError):
    """A sender's fault (or, at 503, ours); it ends that sender's connection and nothing else."""

    code = "INGEST_ERROR"
    status = 400


class IngestUrl(EncoderError):
    """The path is no ingest URL (MS-SSTR 2.2.7), or a name in it is not allowed."""

    code = "INGEST_URL"


class PointUnknown(EncoderError):
    """No such publishing point is configured."""

    code = "INGEST_POINT_UNKNOWN"
    status = 404


class BoxInvalid(EncoderError):
    """The body is not a sequence of boxes."""

    code = "INGEST_BOX"


class BoxTooLarge(EncoderError):
    """A box is larger than its limit."""

    code = "INGEST_BOX_TOO_LARGE"
    status = 413


class ManifestInvalid(EncoderError):
    """The live server manifest cannot be read."""

    code = "INGEST_MANIFEST"


class HeaderMissing(EncoderError):
    """Media came before any header of its stream."""

    code = "INGEST_HEADER_MISSING"
    status = 412


class HeaderInvalid(EncoderError):
    """ftyp, manifest and moov do not make a header."""

    code = "INGEST_HEADER"


class HeaderDiffers(EncoderError):
    """The header means something else than the stream's canonical one."""

    code = "INGEST_HEADER_DIFFERS"
    status = 412


class ClockRefused(EncoderError):
    """Its times went back while another source continues the line."""

    code = "INGEST_CLOCK"
    status = 409


class CodecUnsupported(EncoderError):
    """A sample entry that nothing here could package."""

    code = "INGEST_CODEC"
    status = 415


class EncodingUnsupported(EncoderError):
    """A Content-Encoding on the body."""

    code = "INGEST_CONTENT_ENCODING"
    status = 415


class FragmentInvalid(EncoderError):
    """A moof and mdat that do not make a fragment."""

    code = "INGEST_FRAGMENT"


class BodyStalled(EncoderError):
    """The body stopped, or crawls."""

    code = "INGEST_STALLED"
    status = 408


class ChunkingAbusive(EncoderError):
    """Chunks so small that they only cost."""

    code = "INGEST_CHUNKING"


class MethodNotAllowed(EncoderError):
    """A method that this path does not take."""

    code = "INGEST_METHOD"
    status = 405


class LimitReached(EncoderError):
    """As many as the limits allow are there already."""

    code = "INGEST_LIMIT"
    status = 503


class Draining(EncoderError):
    """The relay is stopping: connect again."""

    code = "INGEST_DRAINING"
    status = 503


class PointReset(EncoderError):
    """The operator has reset the publishing point: begin anew."""

    code = "INGEST_RESET"
    status = 503


class StoreUnavailable(EncoderError):
    """The fragment could not be made safe: send it again."""

    code = "INGEST_STORE"
    status = 503


class ControlError(RelayError):
    """A call of the admin port that cannot be carried out."""

    code = "CONTROL_ERROR"
    status = 400


class ControlInvalid(ControlError):
    """The body says nothing that is known here."""

    code = "CONTROL_BODY"


class ControlRefused(ControlError):
    """The caller may be a page of another site."""

    code = "CONTROL_REFUSED"
    status = 403


class ChannelUnknown(ControlError):
    """No channel of this name is configured."""

    code = "CONTROL_CHANNEL_UNKNOWN"
    status = 404


class ResetFailed(ControlError):
    """The channel could not be emptied."""

    code = "CONTROL_RESET"
    status = 503


class PlayerError(RelayError):
    """A player asked for what is not there, or not there yet."""

    code = "PLAYBACK_ERROR"
    status = 404


class NotFound(PlayerError):
    """There is no such thing."""

    code = "PLAYBACK_NOT_FOUND"


class NotYet(PlayerError):
    """It is ahead of the live edge: ask again in a moment."""

    code = "PLAYBACK_NOT_YET"


class RangeInvalid(PlayerError):
    """The byte range lies outside the resource."""

    code = "PLAYBACK_RANGE"
    status = 416
