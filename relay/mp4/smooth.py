"""The boxes that Smooth Streaming puts into ISO files ([MS-SSTR] 2.2.4, 2.2.7; PIFF 1.1).

`tfxd` carries the one truth of a live fragment, its absolute time. [MS-SSTR] contradicts itself on
versions above 1 (2.2.4.4: 32 bits; 2.2.7.5.1: 64 bits), and version 2 with its `fragment_index` is
published nowhere; so versions from 1 on are read as 64-bit, what then remains is taken for the
index if it has the width of one, and surplus bytes never fail. Bit 0x8 of the flags announces an
NTP timestamp (Microsoft's porting kit reads it; the document reserves it).

A 64-bit time is read as signed, against the letter of the document: encoders whose first audio
begins before zero (AAC priming) write it in two's complement. A 32-bit time wraps (every 429.5 s
at 10 MHz); `unwrap` puts it back on the timeline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct, error
from uuid import UUID

from relay.errors import FragmentInvalid, ManifestInvalid
from relay.media import Buffer

TFXD = UUID("6d1d9b05-42d5-44e6-80e2-141daff757b2").bytes
TFRF = UUID("d4807ef2-ca39-4695-8e54-26cb9e46a79f").bytes
LIVE_SERVER_MANIFEST = UUID("a5d40b30-e814-11dd-ba2f-0800200c9a66").bytes
STREAM_MANIFEST = UUID("3c2fe51b-efee-40a3-ae81-5300199dc348").bytes
PIFF_TENC = UUID("8974dbce-7be7-4c51-84f9-7148f9882554").bytes
PIFF_SENC = UUID("a2394f52-5a9b-4f14-a244-6c427c648df4").bytes
PIFF_PSSH = UUID("d08a4f18-10f3-4a82-b6c8-32d8aba183d3").bytes

_V0 = Struct(">II")
_V1 = Struct(">qQ")
_NTP = 0x000008
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Tfxd:
    """TrackFragmentExtendedHeaderBox: where a fragment lies, in ticks of its track.

    time      fragment_absolute_time: *presentation* time of the first sample in decode order
    duration  fragment_duration as stated (0: unknown); the samples know better
    index     fragment_index of version 2, where there is one
    version   0: `time` is 32 bits wide and may have wrapped
    """

    time: int
    duration: int
    index: int | None = None
    version: int = 1


def parse_tfxd(payload: Buffer) -> Tfxd:
    """Read a tfxd from what follows its extended type. Raises FragmentInvalid."""
    data = bytes(payload)
    version = data[0] if data else 0
    layout = _V0 if version == 0 else _V1
    try:
        time, duration = layout.unpack_from(data, 4)
    except error:
        raise FragmentInvalid(f"A tfxd of version {version} has only {len(data)} bytes.") from None
    rest = data[4 + layout.size :]
    if int.from_bytes(data[1:4], "big") & _NTP:
        rest = rest[8:]
    index = int.from_bytes(rest, "big") if version == 2 and len(rest) in (4, 8) else None
    return Tfxd(time, duration, index, version)


def build_tfxd(tfxd: Tfxd) -> bytes:
    """The whole box in version 1, the one that every reader knows."""
    return b"".join(
        (
            (44).to_bytes(4, "big"),
            b"uuid",
            TFXD,
            b"\1\0\0\0",
            _V1.pack(tfxd.time, tfxd.duration),
        )
    )


def build_tfrf(fragments: Sequence[tuple[int, int]]) -> bytes:
    """The whole box in version 1: time and duration of each fragment that follows (2.2.4.5).

    The count takes one byte, as its syntax says and as every implementation has it; the prose
    says four.
    """
    entries = b"".join(_V1.pack(time, duration) for time, duration in fragments)
    body = b"".join((TFRF, b"\1\0\0\0", bytes((len(fragments),)), entries))
    return (8 + len(body)).to_bytes(4, "big") + b"uuid" + body


def unwrap(time: int, near: int) -> int:
    """The time nearest to `near` of which a 32-bit field shows `time`."""
    return near + (time - near + _WRAP // 2) % _WRAP - _WRAP // 2


def manifest_xml(payload: Buffer) -> bytes:
    """The XML of a LiveServerManifestBox from what follows its extended type, as it stands there.

    The version is ignored: encoders write 0 and 1 for the same thing. Raises ManifestInvalid.
    """
    if len(payload) < 4:
        raise ManifestInvalid("The live server manifest box is empty.")
    return bytes(payload[4:])
