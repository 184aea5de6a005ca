"""What a sender did: the answer to its POST, and the end of its stream only."""

from relay.errors.root import RelayError


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


class SourcesTaken(EncoderError):
    """A stream has all the sources that it may have."""

    code = "INGEST_SOURCES"
    status = 409


class Draining(EncoderError):
    """The relay is stopping: connect again."""

    code = "INGEST_DRAINING"
    status = 503


class PointStopped(EncoderError):
    """The channel was stopped by an operator."""

    code = "INGEST_STOPPED"
    status = 503


class Disconnected(EncoderError):
    """An operator disconnected this source; it may come back at once."""

    code = "INGEST_DISCONNECTED"
    status = 503


class PointReset(EncoderError):
    """The operator has reset the publishing point: begin anew."""

    code = "INGEST_RESET"
    status = 503


class StoreUnavailable(EncoderError):
    """The fragment could not be made safe: send it again."""

    code = "INGEST_STORE"
    status = 503


class AccessRequired(EncoderError):
    """Nothing was shown, or the wrong thing. `challenges`: values of WWW-Authenticate."""

    code = "INGEST_UNAUTHORIZED"
    status = 401

    def __init__(self, message: str, *, hint: str = "", challenges: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.challenges = challenges


class AccessDenied(EncoderError):
    """Whoever it is, not from there, or not under that name."""

    code = "INGEST_FORBIDDEN"
    status = 403


class TooManyTries(EncoderError):
    """An address has shown the wrong thing too often. `seconds` until it is heard again."""

    code = "INGEST_TRIES"
    status = 429

    def __init__(self, message: str, *, hint: str = "", seconds: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds
