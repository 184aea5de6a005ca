"""What a sample entry says: RFC 6381 codec string, size, channels, rate; its canonical form.

The canonical form is what remains when everything is blanked that encoders with equal settings
fill differently, and that no decoder needs: the compressor's name, `btrt`, in `esds` the ES_ID
(some write the track_ID there) and the measured bit rates, in `hvcC` the SEI. An HEVC entry that
has all its parameter sets is named `hvc1` (see `hevc`). Equal tracks, equal entries.

Clauses: sample entries ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3; avcC 14496-15 5.3.3; esds 14496-1
7.2.6; dac3, dec3 ETSI TS 102 366 F; dOps as published with Opus in ISOBMFF; encrypted entries
14496-12 8.12, PIFF 1.1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from struct import error

from relay.errors import BoxInvalid, CodecUnsupported, FragmentInvalid, HeaderInvalid, quoted
from relay.mp4 import hevc, subtitles
from relay.mp4.aac import describe_esds, implied
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

_BOXES = 64
_VISUAL, _AUDIO, _PLAIN = 78, 28, 8
"""Bytes of a sample entry before its children."""

_AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
"""By acmod."""
_AC3_RATES = (48000, 44100, 32000, 0)
"""By fscod."""


@dataclass(frozen=True, slots=True)
class Description:
    """A sample entry described. Zeros and "" where it says nothing.

    fourcc         the coding, also under encryption (then from frma)
    sample_entry   canonical, as a whole box
    width, height  luma samples
    sampling_rate  of the output, in Hz
    """

    fourcc: str
    codecs: str
    sample_entry: bytes
    width: int = 0
    height: int = 0
    channels: int = 0
    sampling_rate: int = 0


@dataclass(frozen=True, slots=True)
class _Facts:
    codecs: str
    channels: int = 0
    sampling_rate: int = 0


def describe(sample_entry: bytes, handler: str = "") -> Description:
    """Describe the entry that `handler` (hdlr handler_type; "" = unknown) declares.

    Raises CodecUnsupported for a coding of video or audio that we cannot name, and HeaderInvalid
    for an entry or configuration that is damaged. Other tracks' codings may be anything.
    """
    try:
        return _describe(sample_entry, handler)
    except (BoxInvalid, FragmentInvalid, IndexError, error):
        raise HeaderInvalid("A sample entry or its codec configuration is damaged.") from None


def _describe(data: bytes, handler: str) -> Description:
    if not data and handler not in ("vide", "soun", ""):
        return Description("", "", b"")
    entry = box_at(data, 0, len(data))
    coding = entry.type
    if coding in ("encv", "enca", "enct"):
        coding = _original(data, entry)
    protected = coding != entry.type
    visual, audio = _VIDEO.get(coding), _SOUND.get(coding)
    if visual is not None:
        head = entry.body + _VISUAL
        atoms = _parts(data, entry, head)
        if coding == "hev1" and hevc.complete(_config(data, atoms, "hvcC")):
            coding = "hvc1"
        facts = visual(data, atoms, coding)
        width = int.from_bytes(data[entry.body + 24 : entry.body + 26], "big")
        height = int.from_bytes(data[entry.body + 26 : entry.body + 28], "big")
        blank = data[entry.body : head - 36] + bytes(32) + data[head - 4 : head]
        kind = entry.type if protected else coding
        canonical = _canonical(data, kind, blank, atoms, coding)
        return Description(coding, facts.codecs, canonical, width, height)
    if audio is not None:
        head = entry.body + _AUDIO
        atoms = _parts(data, entry, head)
        facts = audio(data, atoms, coding)
        channels = int.from_bytes(data[entry.body + 16 : entry.body + 18], "big")
        rate = int.from_bytes(data[entry.body + 24 : entry.body + 26], "big")
        if coding == "mp4a":
            facts = _Facts(*implied(facts.codecs, facts.channels, facts.sampling_rate, rate))
        return Description(
            coding,
            facts.codecs,
            _canonical(data, entry.type, data[entry.body : head], atoms, coding),
            channels=facts.channels or channels,
            sampling_rate=facts.sampling_rate or rate,
        )
    if coding not in _TEXT and handler in ("vide", "soun", ""):
        raise CodecUnsupported(
            f"The coding '{quoted(coding)}' is not one that players can be told of.",
            hint=f"Supported: {', '.join(sorted({*_VIDEO, *_SOUND, *_TEXT}))}.",
        )
    text = subtitles.codecs(data) if coding in _TTML and not protected else _TEXT.get(coding, "")
    return Description(coding, text, data)


def _parts(data: bytes, entry: Atom, head: int) -> list[Atom]:
    if head > entry.end:
        raise BoxInvalid("A sample entry is cut short.")
    if entry.end - head < 8:  # a few bytes of padding, seen in files
        return []
    return children(data, head, entry.end, Budget(_BOXES))


def _original(data: bytes, entry: Atom) -> str:
    """The coding under encryption: sinf / frma (8.12.2)."""
    size = {"encv": _VISUAL, "enca": _AUDIO}.get(entry.type, _PLAIN)
    sinf = first(_parts(data, entry, entry.body + size), "sinf")
    if sinf is not None:
        frma = first(children(data, sinf.body, sinf.end, Budget(_BOXES)), "frma")
        if frma is not None:
            return data[frma.body : frma.body + 4].decode("latin-1")
    raise HeaderInvalid("An encrypted track does not say what it encrypts (frma).")


def _canonical(data: bytes, kind: str, head: bytes, atoms: list[Atom], coding: str) -> bytes:
    parts = []
    for atom in atoms:
        if atom.type == "esds":
            parts.append(box("esds", describe_esds(data[atom.body : atom.end]).canonical))
        elif atom.type == "hvcC":
            config = data[atom.body : atom.end]
            parts.append(box("hvcC", hevc.canonical(config, hvc1=coding == "hvc1")))
        elif atom.type == "sinf":
            inside = children(data, atom.body, atom.end, Budget(_BOXES))
            said = [
                box("frma", coding.encode("latin-1")) if a.type == "frma" else data[a.start : a.end]
                for a in inside
            ]
            parts.append(box("sinf", *said))
        elif atom.type != "btrt":
            parts.append(data[atom.start : atom.end])
    return box(kind, head, *parts)


def _config(data: bytes, atoms: list[Atom], kind: str) -> bytes:
    atom = first(atoms, kind)
    if atom is None or atom.body == atom.end:
        raise HeaderInvalid(
            f"A sample entry comes without its codec configuration ({kind}).",
            hint="The encoder must put it into its header; for ffmpeg add -flags +global_header.",
        )
    return data[atom.body : atom.end]


def _avc(data: bytes, atoms: list[Atom], coding: str) -> _Facts:
    config = _config(data, atoms, "avcC")
    if len(config) < 7:
        raise HeaderInvalid("The avcC box is cut short.")
    return _Facts(f"{coding}.{config[1:4].hex().upper()}")


def _hevc(data: bytes, atoms: list[Atom], coding: str) -> _Facts:
    return _Facts(coding + hevc.suffix(_config(data, atoms, "hvcC")))


def _mp4a(data: bytes, atoms: list[Atom], _: str) -> _Facts:
    facts = describe_esds(_config(data, atoms, "esds"))
    return _Facts(facts.codecs, facts.channels, facts.sampling_rate)


def _ac3(data: bytes, atoms: list[Atom], coding: str) -> _Facts:
    bits = int.from_bytes(_config(data, atoms, "dac3")[:3].ljust(3, b"\0"), "big")
    channels = _AC3_CHANNELS[bits >> 11 & 7] + (bits >> 10 & 1)
    return _Facts(coding, channels, _AC3_RATES[bits >> 22])


def _eac3(data: bytes, atoms: list[Atom], coding: str) -> _Facts:
    """dec3: of its independent substreams the first is the programme."""
    config = _config(data, atoms, "dec3")
    bits = int.from_bytes(config[2:5], "big")
    channels = _AC3_CHANNELS[bits >> 9 & 7] + (bits >> 8 & 1)
    return _Facts(coding, channels, _AC3_RATES[bits >> 22])


def _opus(data: bytes, atoms: list[Atom], _: str) -> _Facts:
    return _Facts("opus", _config(data, atoms, "dOps")[1], 48000)


_Reader = Callable[[bytes, list[Atom], str], _Facts]
_VIDEO: dict[str, _Reader] = {"avc1": _avc, "avc3": _avc, "hvc1": _hevc, "hev1": _hevc}
_SOUND: dict[str, _Reader] = {"mp4a": _mp4a, "ac-3": _ac3, "ec-3": _eac3, "Opus": _opus}
_TTML = (subtitles.STPP, subtitles.DFXP)
_TEXT = {
    **dict.fromkeys(_TTML, "stpp"),
    "wvtt": "wvtt",
    "text": "",
    "tx3g": "tx3g",
    "metx": "",
    "urim": "",
}
"""Codings of text and metadata with the name that players know, or none."""
