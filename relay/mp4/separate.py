"""Fragments of one track each, that mean the same in any stream.

The relay merges tracks, not streams, and stores what it can hand on without the stream's header.
A moof of one track that leaves nothing to trex and states its time in 64 bits passes as the very
bytes that came. Anything else is rebuilt: one moof and mdat per track, every default said in tfhd,
data offsets renewed, the time in 64 bits; all other boxes of the traf are handed on untouched.

Auxiliary information (saiz, saio; 8.7.8) follows its senc; where it is not in the traf, it cannot
be in media data that the samples fill, so its reference is void and is dropped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from relay.errors import FragmentInvalid
from relay.media import Buffer, SampleDefaults
from relay.mp4.fragment import MovieFragment, TrackFragment, layout, parse_moof
from relay.mp4.grammar import MFHD
from relay.mp4.reader import Media
from relay.mp4.smooth import PIFF_SENC, TFXD, Tfxd, build_tfxd, unwrap
from relay.mp4.walk import Atom, box_at
from relay.mp4.write import box, described, media_data_header, saio, tfhd, trun


def separate(
    moof: bytes,
    mdat: bytes | Media,
    defaults: Mapping[int, SampleDefaults],
    near: Mapping[int, int] | None = None,
) -> list[tuple[int, TrackFragment, tuple[Buffer, ...]]]:
    """One item per traf: its track_ID, its meaning, and the bytes of a moof and mdat of its own.

    `defaults` is the stream's trex by track_ID. `near` gives the last time in tfxd by track_ID; a
    time of 32 bits, which wraps, is taken as the one nearest to it. The meaning is that of the
    bytes beside it. Raises BoxInvalid or FragmentInvalid.
    """
    fragment = parse_moof(moof, defaults)
    size = mdat.size if isinstance(mdat, Media) else len(media_data(mdat))
    ranges = layout(fragment, size)
    only = fragment.tracks[0]
    if len(fragment.tracks) == 1 and only.complete and not _narrow(only):
        return [
            (only.track_id, only, (moof, *mdat.parts) if isinstance(mdat, Media) else (moof, mdat))
        ]
    payload = media_data(mdat.data if isinstance(mdat, Media) else mdat)
    items: list[tuple[int, TrackFragment, tuple[Buffer, ...]]] = []
    for track, spans in zip(fragment.tracks, ranges, strict=True):
        header = media_data_header(sum(size for _, size in spans))
        tfxd = _restated(track, (near or {}).get(track.track_id)) if _narrow(track) else None
        alone = _alone(moof, fragment, track, len(header), tfxd)
        parts = merged(payload, spans)
        meaning = parse_moof(alone).tracks[0]
        items.append((track.track_id, meaning, (alone, header, *parts)))
    return items


def media_data(mdat: Buffer) -> memoryview:
    """What a whole mdat box holds. Raises BoxInvalid, or FragmentInvalid for another box."""
    atom = box_at(mdat, 0, len(mdat))
    if atom.type != "mdat":
        raise FragmentInvalid("An mdat was expected.")
    return memoryview(mdat)[atom.body : atom.end]


def merged(payload: memoryview, spans: Iterable[tuple[int, int]]) -> list[memoryview]:
    """The bytes of (start, size) spans in their order, in as few views as that takes."""
    joined: list[tuple[int, int]] = []
    for start, size in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], start + size)
        elif size:
            joined.append((start, start + size))
    return [payload[start:end] for start, end in joined]


def _narrow(track: TrackFragment) -> bool:
    return track.tfxd is not None and track.tfxd.version == 0


def _restated(track: TrackFragment, near: int | None) -> Tfxd | None:
    tfxd = track.tfxd
    if tfxd is None or near is None:
        return tfxd
    return replace(tfxd, time=unwrap(tfxd.time, near))


def auxiliary(data: Buffer, atom: Atom) -> int | None:
    """Where in its senc box (or PIFF's) the auxiliary information begins; None in other boxes."""
    if atom.type != "senc" and atom.uuid != PIFF_SENC:
        return None
    overridden = data[atom.body + 3] & 1 if atom.body + 4 <= atom.end else 0
    return atom.body - atom.start + 8 + (20 if overridden else 0)


def _alone(
    moof: bytes, fragment: MovieFragment, track: TrackFragment, header: int, tfxd: Tfxd | None
) -> bytes:
    """A moof with this track only, before an mdat whose header has `header` bytes."""
    mfhd = described("mfhd", MFHD, sequence_number=fragment.sequence_number)
    described_there = any(auxiliary(moof, atom) is not None for atom in track.atoms)

    def build(media: int, aux: int) -> tuple[bytes, int]:
        parts: list[bytes] = []
        at = 8 + len(mfhd) + 8  # moof header, mfhd, traf header
        found = 0
        runs = iter(track.runs)
        for atom in track.atoms:
            if atom.type == "tfhd":
                part = tfhd(track.track_id, track.defaults)
            elif atom.type == "trun":
                part = trun(memoryview(moof)[atom.body : atom.end], media)
                media += next(runs).size
            elif atom.uuid == TFXD and tfxd is not None:
                part = build_tfxd(tfxd)
            elif atom.type == "saio":
                part = saio(aux) if described_there else b""
            elif atom.type == "saiz" and not described_there:
                part = b""
            else:
                part = moof[atom.start : atom.end]
                found = found or at + (auxiliary(moof, atom) or -at)
            parts.append(part)
            at += len(part)
        return box("moof", mfhd, box("traf", *parts)), found

    size, aux = len(build(0, 0)[0]), build(0, 0)[1]
    return build(size + header, aux)[0]
