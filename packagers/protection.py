"""What documents say of a protected track (ISO/IEC 23001-7), which passes through as it came.

DASH (23009-1 5.8.4.1, 23001-7 11): a ContentProtection that tells scheme and default_KID, then one
for each key system, with its pssh. A client picks the system that it has.

HLS (rfc8216bis 4.4.4.4) knows two of the four schemes in fragmented MP4: SAMPLE-AES
is `cbcs`, SAMPLE-AES-CTR is `cenc`. An EXT-X-KEY has to say where the key comes from; the pssh of a
key system, as a data URI, is what key systems define for that. So a track of another scheme, or
without any pssh, has no place in a playlist: without EXT-X-KEY the playlist would call it clear.
FairPlay needs a URI that no encoder sends; its players find nothing here.

Smooth ([MS-SSTR] 2.2.2.2): a ProtectionHeader holds what the pssh of its system holds.
"""

from base64 import b64encode
from dataclasses import dataclass
from uuid import UUID

from relay.media import Track

MP4_PROTECTION = "urn:mpeg:dash:mp4protection:2011"
CENC_NAMESPACE = "urn:mpeg:cenc:2013"
PLAYREADY = UUID("9a04f079-9840-4286-ab92-e65be0885f95")
CLEAR = "#EXT-X-KEY:METHOD=NONE"
_METHODS = {"cenc": "SAMPLE-AES-CTR", "cbcs": "SAMPLE-AES"}


@dataclass(frozen=True, slots=True)
class KeySystem:
    """One pssh box, `pssh`; `data` is what the system itself put into it."""

    system_id: UUID
    data: bytes
    pssh: bytes


@dataclass(frozen=True, slots=True)
class ContentProtection:
    """An element of an MPD: schemeIdUri and value ("" = none), and what may go with it.

    default_kid  attribute of CENC_NAMESPACE, "" for none
    pssh         text of the child `pssh` of CENC_NAMESPACE, base64, "" for none
    """

    scheme_id_uri: str
    value: str = ""
    default_kid: str = ""
    pssh: str = ""


def key_systems(track: Track) -> tuple[KeySystem, ...]:
    """The key systems of a track in the order of its pssh boxes; damaged ones are left out."""
    protection = track.protection
    found = [_system(pssh) for pssh in protection.systems] if protection is not None else []
    return tuple(system for system in found if system is not None)


def content_protection(track: Track) -> tuple[ContentProtection, ...]:
    """What an MPD says of a track, in order; () for one in the clear."""
    protection = track.protection
    if protection is None:
        return ()
    key_id = str(UUID(bytes=protection.key_id))
    systems = [
        ContentProtection(f"urn:uuid:{system.system_id}", pssh=_base64(system.pssh))
        for system in key_systems(track)
    ]
    return (ContentProtection(MP4_PROTECTION, protection.scheme, key_id), *systems)


def hls_carries(track: Track) -> bool:
    """A media playlist can say all that players need of this track."""
    protection = track.protection
    return protection is None or (protection.scheme in _METHODS and bool(key_systems(track)))


def hls_keys(track: Track) -> tuple[str, ...]:
    """The EXT-X-KEY lines, each without its end, that hold from a segment of this track on.

    () in the clear; behind protected segments a playlist then has to say `CLEAR`.
    """
    protection = track.protection
    if protection is None or not hls_carries(track):
        return ()
    method, key_id = _METHODS[protection.scheme], protection.key_id.hex().upper()
    lines = []
    for system in key_systems(track):
        if system.system_id == PLAYREADY:
            form, kind, data = "com.microsoft.playready", "text/plain;charset=UTF-16", system.data
        else:
            form, kind, data = f"urn:uuid:{system.system_id}", "text/plain", system.pssh
        lines.append(
            f'#EXT-X-KEY:METHOD={method},URI="data:{kind};base64,{_base64(data)}",'
            f'KEYID=0x{key_id},KEYFORMAT="{form}",KEYFORMATVERSIONS="1"'
        )
    return tuple(lines)


def _system(pssh: bytes) -> KeySystem | None:
    """Of a whole pssh box (23001-7 8.1); None when it is damaged."""
    at = 28
    if len(pssh) > 32 and pssh[8]:  # version 1: a list of key ids
        at += 4 + 16 * int.from_bytes(pssh[28:32], "big")
    size = int.from_bytes(pssh[at : at + 4], "big")
    if len(pssh) != at + 4 + size:
        return None
    return KeySystem(UUID(bytes=pssh[12:28]), pssh[at + 4 :], pssh)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
