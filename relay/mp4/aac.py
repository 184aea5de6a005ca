"""esds and the AudioSpecificConfig in it (ISO/IEC 14496-1 7.2.6, 14496-3 1.6.2).

The configuration, not the sample entry, tells the truth on AAC: the entry's channel count says 2
for 5.1, and its rate is that of the core when the sound is HE-AAC. HE-AAC may be signalled within
(explicitly: as the object type, or behind a configuration of AAC-LC) or not at all (implicitly,
1.6.6.2): then the configuration is that of its core, and only what stands beside it tells. That is
the entry's rate, when it is twice that of the configuration, and the FourCC of the live server
manifest, AACH or AACP. Players are told what it is, since some go by that (RFC 6381: mp4a.40.5).
"""

from dataclasses import dataclass

from relay.errors import HeaderInvalid

_RATES = (
    96000,
    88200,
    64000,
    48000,
    44100,
    32000,
    24000,
    22050,
    16000,
    12000,
    11025,
    8000,
    7350,
)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 14: 8}
"""By channelConfiguration; 0 is described elsewhere (a program config element)."""
_SBR, _PS, _ESCAPE = 5, 29, 31
_GA = {1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23}
"""Object types whose configuration goes on with GASpecificConfig."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What an esds says. `canonical`: its payload with ES_ID and bit rates blanked.

    specific   the AudioSpecificConfig; empty where it holds something else
    """

    codecs: str
    channels: int
    sampling_rate: int
    canonical: bytes
    specific: bytes = b""


LC, HE, HE_V2 = "mp4a.40.2", "mp4a.40.5", "mp4a.40.29"
_MOST_CORE = 24000
"""Hz of the core where SBR doubles it: above that there is nothing to gain."""
_FOURCC = {"AACH": HE, "AACP": HE_V2}


def implied(
    codecs: str, channels: int, sampling_rate: int, entry_rate: int = 0, fourcc: str = ""
) -> tuple[str, int, int]:
    """(codecs, channels, output rate) of AAC, with what is signalled implicitly beside it.

    `entry_rate`: the sample entry's;  `fourcc`: the manifest's. Other sound comes back as it is.
    """
    told = _FOURCC.get(fourcc.upper(), "")
    if codecs != LC or not 0 < sampling_rate <= _MOST_CORE:
        return codecs, channels, sampling_rate
    if not told and entry_rate == 2 * sampling_rate:
        told = HE
    if told == HE_V2 and channels <= 1:  # parametric stereo makes two of one
        channels = 2
    return (told, channels, 2 * sampling_rate) if told else (codecs, channels, sampling_rate)


class _Bits:
    """Bits, most significant first; zeros behind the end (a configuration may stop early)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        self.left -= count
        if self.left < 0:
            return self._value << -self.left & (1 << count) - 1
        return self._value >> self.left & (1 << count) - 1


def describe_esds(payload: bytes) -> Sound:
    """Read an esds from what follows its box header. Raises HeaderInvalid."""
    blank = bytearray(payload)
    tag, at, end = _descriptor(payload, 4, len(payload))
    if tag != 0x03 or end - at < 3:
        raise HeaderInvalid("The esds box holds no ES descriptor.")
    blank[at : at + 2] = bytes(2)  # ES_ID
    flags = payload[at + 2]
    at += 3 + (2 if flags & 0x80 else 0)
    if flags & 0x40:
        at += 1 + payload[at] if at < end else 0
    at += 2 if flags & 0x20 else 0
    tag, at, end = _descriptor(payload, at, end)
    if tag != 0x04 or end - at < 13:
        raise HeaderInvalid("The esds box holds no decoder configuration.")
    kind = payload[at]
    blank[at + 2 : at + 13] = bytes(11)  # bufferSizeDB, maxBitrate, avgBitrate
    if kind != 0x40:  # not ISO/IEC 14496-3: the object type is all there is to say
        return Sound(f"mp4a.{kind:02X}", 0, 0, bytes(blank))
    tag, at, end = _descriptor(payload, at + 13, end)
    if tag != 0x05 or end - at < 2:
        raise HeaderInvalid("The esds box holds no AudioSpecificConfig.")
    specific = payload[at:end]
    object_type, channels, rate = _specific(specific)
    return Sound(f"mp4a.40.{object_type}", channels, rate, bytes(blank), specific)


def _descriptor(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the descriptor at `at` (14496-1 8.3.3: size in up to four bytes)."""
    if at >= end:
        raise HeaderInvalid("The esds box is cut short.")
    tag = data[at]
    size = 0
    for _ in range(4):
        at += 1
        if at >= end:
            raise HeaderInvalid("The esds box is cut short.")
        size = size << 7 | data[at] & 0x7F
        if not data[at] & 0x80:
            break
    start = at + 1
    if start + size > end:
        raise HeaderInvalid("A descriptor in esds is larger than esds.")
    return tag, start, start + size


def _object_type(bits: _Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == _ESCAPE else kind


def _rate(bits: _Bits) -> int:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    return _RATES[index] if index < len(_RATES) else 0


def _specific(data: bytes) -> tuple[int, int, int]:
    """(audioObjectType as signalled, channels, output rate); 0 for what it leaves unsaid."""
    bits = _Bits(data)
    signalled = kind = _object_type(bits)
    rate = _rate(bits)
    configuration = bits.take(4)
    if kind in (_SBR, _PS):
        rate = _rate(bits) or rate
        kind = _object_type(bits)
    elif kind in _GA and configuration:
        bits.take(1)  # frameLengthFlag
        if bits.take(1):  # dependsOnCoreCoder
            bits.take(14)
        bits.take(1)  # extensionFlag
        # Backward-compatible signalling (1.6.6.1) stands behind the configuration of AAC-LC.
        extended = bits.left >= 16 and bits.take(11) == 0x2B7 and _object_type(bits) == _SBR
        if extended and bits.take(1):
            signalled = _SBR
            rate = _rate(bits) or rate
            if bits.left >= 12 and bits.take(11) == 0x548 and bits.take(1):
                signalled = _PS
    channels = _CHANNELS.get(configuration, 0)
    if signalled == _PS and channels == 1:
        channels = 2  # parametric stereo makes two of one
    return signalled, channels, rate
