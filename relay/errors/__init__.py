"""What can go wrong, drawn as a tree by whose fault it is.

    RelayError
    ├── OperatorError      the configuration or the machine; ends the process (exit_code)
    │   ├── ConfigInvalid        78  CONFIG_INVALID
    │   ├── PortBusy             75  PORT_BUSY
    │   ├── StoreBusy            75  STORE_BUSY
    │   └── StoreRefused         78  STORE_REFUSED
    ├── EncoderError       what a sender did; answered to its POST (status), its stream only
    │   ├── IngestUrl           400  INGEST_URL
    │   ├── AccessRequired      401  INGEST_UNAUTHORIZED
    │   ├── AccessDenied        403  INGEST_FORBIDDEN
    │   ├── TooManyTries        429  INGEST_TRIES
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
    │   ├── SourcesTaken        409  INGEST_SOURCES
    │   ├── LimitReached        503  INGEST_LIMIT
    │   ├── Draining            503  INGEST_DRAINING
    │   ├── PointReset          503  INGEST_RESET
    │   ├── PointStopped        503  INGEST_STOPPED
    │   ├── Disconnected        503  INGEST_DISCONNECTED
    │   └── StoreUnavailable    503  INGEST_STORE
    ├── ControlError       what an operator asked of the admin port; answered to him
    │   ├── ControlInvalid      400  CONTROL_BODY
    │   ├── ControlUnauthorized 401  CONTROL_UNAUTHORIZED
    │   ├── ControlRefused      403  CONTROL_REFUSED
    │   ├── ControlNotFound     404  CONTROL_NOT_FOUND
    │   ├── ChannelUnknown      404  CONTROL_CHANNEL_UNKNOWN
    │   ├── AlarmUnknown        404  CONTROL_ALARM_UNKNOWN
    │   ├── SourceUnknown       404  CONTROL_SOURCE_UNKNOWN
    │   ├── UpstreamUnknown     404  CONTROL_UPSTREAM_UNKNOWN
    │   ├── ProgramUnknown      404  CONTROL_PROGRAM_UNKNOWN
    │   ├── ControlMethod       405  CONTROL_METHOD
    │   ├── ControlConflict     409  CONTROL_STATE
    │   ├── SettingsInvalid     422  CONTROL_SETTINGS
    │   ├── ControlTries        429  CONTROL_TRIES
    │   ├── ChangeFailed        503  CONTROL_FAILED
    │   └── ResetFailed         503  CONTROL_RESET
    └── PlayerError        what a player asked for
        ├── TicketRequired      401  PLAYBACK_UNAUTHORIZED
        ├── NotFound            404  PLAYBACK_NOT_FOUND
        ├── NotYet              404  PLAYBACK_NOT_YET
        ├── FailedOver          404  PLAYBACK_FAIL_OVER
        ├── Protected           404  PLAYBACK_PROTECTED
        └── RangeInvalid        416  PLAYBACK_RANGE

The code word is the same in the answer's body, the log, the metric, the event and the docs.
Duplicate, late, gap and differs are no errors: they are values (`relay.media.Verdict`). The status
codes follow DASH-IF Live Media Ingest 1.2 (400, 403, 404, 412, 415, 5xx); AMS published none.

A message is one sentence that says what was found; `hint`, another that says what to do. Neither
holds a secret, and what a stranger sent stands in it only through `quoted`.
"""

from relay.errors.control import (
    AlarmUnknown,
    ChangeFailed,
    ChannelUnknown,
    ControlConflict,
    ControlError,
    ControlInvalid,
    ControlMethod,
    ControlNotFound,
    ControlRefused,
    ControlTries,
    ControlUnauthorized,
    ProgramUnknown,
    ResetFailed,
    SettingsInvalid,
    SourceUnknown,
    UpstreamUnknown,
)
from relay.errors.encoder import (
    AccessDenied,
    AccessRequired,
    BodyStalled,
    BoxInvalid,
    BoxTooLarge,
    ChunkingAbusive,
    ClockRefused,
    CodecUnsupported,
    Disconnected,
    Draining,
    EncoderError,
    EncodingUnsupported,
    FragmentInvalid,
    HeaderDiffers,
    HeaderInvalid,
    HeaderMissing,
    IngestUrl,
    LimitReached,
    ManifestInvalid,
    MethodNotAllowed,
    PointReset,
    PointStopped,
    PointUnknown,
    SourcesTaken,
    StoreUnavailable,
    TooManyTries,
)
from relay.errors.operator import (
    ConfigInvalid,
    OperatorError,
    PortBusy,
    StoreBusy,
    StoreRefused,
)
from relay.errors.player import (
    FailedOver,
    NotFound,
    NotYet,
    PlayerError,
    Protected,
    RangeInvalid,
    TicketRequired,
)
from relay.errors.root import RelayError, quoted

__all__ = [
    "AccessDenied",
    "AccessRequired",
    "AlarmUnknown",
    "BodyStalled",
    "BoxInvalid",
    "BoxTooLarge",
    "ChangeFailed",
    "ChannelUnknown",
    "ChunkingAbusive",
    "ClockRefused",
    "CodecUnsupported",
    "ConfigInvalid",
    "ControlConflict",
    "ControlError",
    "ControlInvalid",
    "ControlMethod",
    "ControlNotFound",
    "ControlRefused",
    "ControlTries",
    "ControlUnauthorized",
    "Disconnected",
    "Draining",
    "EncoderError",
    "EncodingUnsupported",
    "FailedOver",
    "FragmentInvalid",
    "HeaderDiffers",
    "HeaderInvalid",
    "HeaderMissing",
    "IngestUrl",
    "LimitReached",
    "ManifestInvalid",
    "MethodNotAllowed",
    "NotFound",
    "NotYet",
    "OperatorError",
    "PlayerError",
    "PointReset",
    "PointStopped",
    "PointUnknown",
    "PortBusy",
    "ProgramUnknown",
    "Protected",
    "RangeInvalid",
    "RelayError",
    "ResetFailed",
    "SettingsInvalid",
    "SourceUnknown",
    "SourcesTaken",
    "StoreBusy",
    "StoreRefused",
    "StoreUnavailable",
    "TicketRequired",
    "TooManyTries",
    "UpstreamUnknown",
    "quoted",
]
