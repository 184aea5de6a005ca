"""Init segments and media segments in CMAF (ISO/IEC 23000-19), from meaning and stored bytes.

Both are pure functions of what is shared by all relays of a channel, so that two data centres give
identical bytes under one URL, for ever: an init segment comes from the track alone (no creation
times, no handler's name, no bit rates), a media segment from (track, stored copy, index, epoch).

Brands: `iso6` (tfdt and default-base-is-moof as required here) and `cmfc`. Not `cmf2`, which
promises trun version 1, and not a media profile's brand, which promises what only a decoder of the
parameter sets can check. No `styp` in front of segments: it is optional (7.3.3), and would only
repeat the brands of the init segment.

Of a stored moof remain the sample tables, byte for byte, and the standard boxes that describe
samples. Smooth's uuid boxes go: tfxd has become tfdt; tfrf speaks of other fragments; PIFF's senc
becomes the standard's. Media data is handed on as a view and never copied, but for subtitles whose
times have to move (`ttml`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from packagers import ttml
from relay.errors import FragmentInvalid
from relay.media import Buffer, Track
from relay.mp4.fragment import TrackFragment, layout, parse_moof
from relay.mp4.grammar import FTYP, HDLR, MDHD, MFHD, MVHD, TFDT, TKHD, TREX
from relay.mp4.protection import common_entry, common_senc
from relay.mp4.separate import auxiliary
from relay.mp4.smooth import PIFF_SENC
from relay.mp4.subtitles import standard_entry
from relay.mp4.walk import Atom, Budget, children
from relay.mp4.write import box, described, saio, tfhd, trun

TRACK_ID = 1
_DEFAULT_BASE_IS_MOOF = 0x020000
_KEPT = frozenset(("sdtp", "sbgp", "sgpd", "subs", "senc", "saiz"))
_PAIRS = 4096
_MEDIA_HEADERS = {
    "vide": box("vmhd", b"\0\0\0\1", bytes(8)),
    "soun": box("smhd", bytes(8)),
    "subt": box("sthd", bytes(4)),
}
_NULL_HEADER = box("nmhd", bytes(4))
_DATA_HERE = box("dinf", box("dref", bytes(4), b"\0\0\0\1", box("url ", b"\0\0\0\1")))
_EMPTY_TABLES = (
    box("stts", bytes(8)),
    box("stsc", bytes(8)),
    box("stsz", bytes(12)),
    box("stco", bytes(8)),
)


@lru_cache(maxsize=1024)
def init(track: Track) -> bytes:
    """The CMAF header of a track (7.3.1): ftyp and moov."""
    brands = described(
        "ftyp", FTYP, major_brand="iso6", minor_version=0, compatible=["iso6", "cmfc"]
    )
    audio = track.handler == "soun"
    handler = "subt" if track.codecs.startswith("stpp") else track.handler
    entry = standard_entry(common_entry(track.sample_entry))
    systems = track.protection.systems if track.protection is not None else ()
    language = track.key.language
    trak = box(
        "trak",
        described(
            "tkhd",
            TKHD,
            flags=3,  # enabled, in movie
            track_ID=TRACK_ID,
            volume=0x100 if audio else 0,
            width=track.width,
            height=track.height,
        ),
        box(
            "mdia",
            described(
                "mdhd",
                MDHD,
                timescale=track.timescale,
                language=language if re.fullmatch("[a-z]{3}", language) else "und",
            ),
            described("hdlr", HDLR, handler_type=handler, name="\0"),
            box(
                "minf",
                _MEDIA_HEADERS.get(handler, _NULL_HEADER),
                _DATA_HERE,
                box(
                    "stbl",
                    box("stsd", bytes(4), b"\0\0\0\1", entry),
                    *_EMPTY_TABLES,
                ),
            ),
        ),
    )
    moov = box(
        "moov",
        described("mvhd", MVHD, timescale=track.timescale, next_track_ID=TRACK_ID + 1),
        trak,
        box("mvex", described("trex", TREX, track_ID=TRACK_ID)),
        *systems,
    )
    return brands + moov


@lru_cache(maxsize=1024)
def init_name(track: Track) -> str:
    """`init-{hash}.mp4`: another header, another name."""
    return f"init-{sha256(init(track)).hexdigest()[:12]}.mp4"


def segment(track: Track, data: bytes, index: int, epoch: int) -> list[Buffer]:
    """The CMAF segment of a stored copy: `data` holds pairs of moof and mdat of one track.

    `epoch` seconds are added to the media time; what is still before zero then is put there.
    """
    parts: list[Buffer] = []
    data = ttml.media_data(track, data, epoch)
    for moof, mdat in _pairs(data):
        head = data[moof.start : moof.end]
        fragment = parse_moof(head)
        (ranges,) = layout(fragment, mdat.end - mdat.body)
        first = fragment.tracks[0]
        if first.decode_time is None:
            raise FragmentInvalid("A stored fragment has no time.")
        time = max(0, first.decode_time + epoch * track.timescale)
        media = [mdat.body - mdat.start + start for start, _ in ranges]
        parts += (_moof(head, first, index, time, media), memoryview(data)[mdat.start : mdat.end])
    return parts


def _pairs(data: bytes) -> Iterator[tuple[Atom, Atom]]:
    moof: Atom | None = None
    for atom in children(data, 0, len(data), Budget(_PAIRS)):
        if atom.type == "moof":
            moof = atom
        elif atom.type == "mdat" and moof is not None:
            yield moof, atom
            moof = None


def _moof(data: bytes, track: TrackFragment, index: int, time: int, media: list[int]) -> bytes:
    """A CMAF chunk's moof (7.3.2.3). `media`: where the runs lie, in bytes behind this moof."""
    start = (
        tfhd(TRACK_ID, track.defaults, _DEFAULT_BASE_IS_MOOF),
        described("tfdt", TFDT, version=1, base_media_decode_time=time),
    )
    order = described("mfhd", MFHD, sequence_number=index & 0xFFFFFFFF)
    runs = [memoryview(data)[a.body : a.end] for a in track.atoms if a.type == "trun"]
    others, aux = _others(data, track.atoms)
    size = 8 + len(order) + 8 + sum(map(len, (*start, *others)))
    if aux is not None:
        aux += size - sum(map(len, others))
        others.append(saio(aux))
        size += len(others[-1])
    size += sum(len(trun(run, 0)) for run in runs)
    truns = [trun(run, size + at) for run, at in zip(runs, media, strict=True)]
    return box("moof", order, box("traf", *start, *others, *truns))


def _others(data: bytes, atoms: tuple[Atom, ...]) -> tuple[list[bytes], int | None]:
    """The boxes that stay as they are, and where in them the auxiliary information begins."""
    parts: list[bytes] = []
    aux = None
    sized = any(atom.type == "saiz" for atom in atoms)
    has_senc = any(atom.type == "senc" for atom in atoms)
    kept = _KEPT if has_senc or any(a.uuid == PIFF_SENC for a in atoms) else _KEPT - {"saiz"}
    for atom in atoms:
        if atom.uuid == PIFF_SENC and not has_senc:
            senc, saiz = common_senc(memoryview(data)[atom.body : atom.end])
            parts += (senc,) if sized else (saiz, senc)
            aux = sum(map(len, parts)) - len(senc) + 16
        elif atom.type in kept:
            before = sum(map(len, parts))
            parts.append(data[atom.start : atom.end])
            inside = auxiliary(data, atom)
            aux = aux if inside is None else before + inside
    return parts, aux
