"""What a moof means (ISO/IEC 14496-12 8.8), and which bytes of the mdat behind it are whose.

Children of a traf come in any order: encoders put tfxd first, last or between. What a traf leaves
unsaid comes from its tfhd, then from the stream's trex; a traf that takes something from trex is
not `complete`, since it means something else in a stream with another trex.

Offsets are taken as a statement of *order*, not of place: what counts is that the ranges, shifted
so that the lowest begins with the media data, fill it exactly. So a base_data_offset that counts
from the start of the stream does not matter, nor an offset that is stale because somebody put a
box into the moof (a well-known push encoder is 44 bytes off). When the ranges of a single track
do not fit even so, its runs follow each other, as all encoders write them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct, error

from relay.errors import FragmentInvalid
from relay.media import Buffer, SampleDefaults
from relay.mp4.samples import DURATION, FLAGS, SAMPLES, SIZE, Run, Samples, joined, parse_run
from relay.mp4.smooth import TFXD, Tfxd, parse_tfxd
from relay.mp4.walk import Atom, Budget, box_at, children, first

BOXES = 256
"""Most boxes in a moof, all levels together."""

_WORDS = Struct(">II")
_DWORD = Struct(">Q")


@dataclass(frozen=True, slots=True)
class TrackFragment:
    """One traf. Times in ticks of the track.

    tfdt, tfxd    None where there is none; a Smooth encoder sends tfxd, a CMAF encoder tfdt
    data_offset   of the first run, as stated
    complete      means the same whatever the stream's trex says
    defaults      what stood in for absent columns: tfhd, else trex
    base          where data offsets count from: bytes from the moof's start, or None (see `layout`)
    runs, atoms   its truns; all its children, as places in the moof
    """

    track_id: int
    tfdt: int | None
    tfxd: Tfxd | None
    samples: Samples
    data_offset: int | None
    complete: bool
    defaults: SampleDefaults
    base: int | None
    runs: tuple[Run, ...]
    atoms: tuple[Atom, ...]

    @property
    def decode_time(self) -> int | None:
        """Decode time of the first sample: tfxd time less its composition offset, or tfdt."""
        if self.tfxd is not None:
            return self.tfxd.time - self.samples.first_offset
        return self.tfdt


@dataclass(frozen=True, slots=True)
class MovieFragment:
    """One moof. `sequence_number` as stated; it orders the fragments of one sender and no more."""

    sequence_number: int
    tracks: tuple[TrackFragment, ...]


@dataclass(frozen=True, slots=True)
class _Tfhd:
    track_id: int
    base: int | None
    said: int
    defaults: SampleDefaults


def parse_moof(data: Buffer, defaults: Mapping[int, SampleDefaults] | None = None) -> MovieFragment:
    """Read a whole moof box. `defaults`: the stream's trex by track_ID.

    Raises BoxInvalid where the boxes do not fit into each other, FragmentInvalid where they mean
    nothing.
    """
    moof = box_at(data, 0, len(data))
    if moof.type != "moof":
        raise FragmentInvalid("A moof was expected.")
    budget = Budget(BOXES)
    atoms = children(data, moof.body, moof.end, budget)
    mfhd = first(atoms, "mfhd")
    if mfhd is None or mfhd.end - mfhd.body < 8:
        raise FragmentInvalid("The moof has no sequence number (mfhd).")
    (_, sequence_number) = _WORDS.unpack_from(data, mfhd.body)
    tracks: list[TrackFragment] = []
    left = SAMPLES
    for atom in atoms:
        if atom.type == "traf":
            inside = children(data, atom.body, atom.end, budget)
            tracks.append(_parse_traf(data, inside, defaults or {}, left))
            left -= tracks[-1].samples.count
    if not tracks:
        raise FragmentInvalid("The moof holds no track fragment (traf).")
    return MovieFragment(sequence_number, tuple(tracks))


def layout(fragment: MovieFragment, size: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Where the runs lie: per track fragment, per run, (start, size) in media data of `size` bytes.

    Raises FragmentInvalid when they do not fill it exactly.
    """
    total = sum(run.size for track in fragment.tracks for run in track.runs)
    if total != size:
        raise FragmentInvalid(f"The samples take {total} bytes, the media data has {size}.")
    found: list[tuple[tuple[int, int], ...]] = []
    end = 0
    for number, track in enumerate(fragment.tracks):
        # 8.8.7.1: the first track counts from the moof, the next from the end of the one before
        base = track.base if track.base is not None else end if number else 0
        ranges = []
        for run in track.runs:
            start = end if run.data_offset is None else base + run.data_offset
            ranges.append((start, run.size))
            end = start + run.size
        found.append(tuple(ranges))
    filled = sorted(span for ranges in found for span in ranges if span[1])
    lowest = filled[0][0] if filled else 0
    expected = lowest
    for start, length in filled:
        if start != expected:
            if len(found) > 1:
                raise FragmentInvalid("The data offsets of several tracks leave or share bytes.")
            return (_in_turn(fragment.tracks[0].runs),)
        expected += length
    return tuple(tuple((start - lowest, length) for start, length in r) for r in found)


def _in_turn(runs: tuple[Run, ...]) -> tuple[tuple[int, int], ...]:
    ranges = []
    at = 0
    for run in runs:
        ranges.append((at, run.size))
        at += run.size
    return tuple(ranges)


def _parse_traf(
    data: Buffer, atoms: list[Atom], trex: Mapping[int, SampleDefaults], limit: int
) -> TrackFragment:
    heads = [atom for atom in atoms if atom.type == "tfhd"]
    times = [atom for atom in atoms if atom.uuid == TFXD]
    if len(heads) != 1 or len(times) > 1:
        raise FragmentInvalid(f"A traf has {len(heads)} tfhd and {len(times)} tfxd.")
    tfhd = _parse_tfhd(data, heads[0], trex)
    runs: list[Run] = []
    for atom in atoms:
        if atom.type == "trun":
            payload = memoryview(data)[atom.body : atom.end]
            runs.append(parse_run(payload, tfhd.defaults, limit))
            limit -= runs[-1].samples.count
    tfdt = first(atoms, "tfdt")
    unsaid = trex.get(tfhd.track_id, SampleDefaults())
    taken = (DURATION, unsaid.duration, 0x8), (SIZE, unsaid.size, 0x10), (FLAGS, unsaid.flags, 0x20)
    complete = all(
        not value or tfhd.said & in_tfhd or all(run.said & column for run in runs)
        for column, value, in_tfhd in taken
    )
    return TrackFragment(
        tfhd.track_id,
        None if tfdt is None else _parse_tfdt(data, tfdt),
        parse_tfxd(memoryview(data)[times[0].body : times[0].end]) if times else None,
        joined(runs),
        runs[0].data_offset if runs else None,
        complete,
        tfhd.defaults,
        tfhd.base,
        tuple(runs),
        tuple(atoms),
    )


def _parse_tfhd(data: Buffer, atom: Atom, trex: Mapping[int, SampleDefaults]) -> _Tfhd:
    """tfhd (8.8.7): the fields that its flags announce, in their order."""
    fields = memoryview(data)[atom.body : atom.end]
    try:
        word, track_id = _WORDS.unpack_from(fields)
        said = word & 0xFFFFFF
        base = 0 if said & 0x020000 else None
        at = 8
        if said & 0x1:
            (base,) = _DWORD.unpack_from(fields, at)
            at += 8
        present = [flag for flag in (0x2, 0x8, 0x10, 0x20) if said & flag]
        values = Struct(f">{len(present)}I").unpack_from(fields, at)
    except error:
        raise FragmentInvalid("A tfhd is shorter than its flags say.") from None
    stated = dict(zip(present, values, strict=True))
    if stated.get(0x2, 1) > 1:
        raise FragmentInvalid(
            f"Samples of sample description {stated[0x2]}: only the first is carried."
        )
    rest = trex.get(track_id, SampleDefaults())
    defaults = SampleDefaults(
        stated.get(0x8, rest.duration), stated.get(0x10, rest.size), stated.get(0x20, rest.flags)
    )
    return _Tfhd(track_id, base, said, defaults)


def _parse_tfdt(data: Buffer, atom: Atom) -> int:
    """tfdt (8.8.12). The 64-bit time is read as signed, as in tfxd."""
    payload = bytes(data[atom.body : atom.end])
    width = 8 if payload[:1] == b"\1" else 4
    if len(payload) < 4 + width:
        raise FragmentInvalid("A tfdt is too short.")
    return int.from_bytes(payload[4 : 4 + width], "big", signed=width == 8)
