"""A fragment in Smooth form ([MS-SSTR] 2.2.4): one moof, one mdat, and what follows announced.

    moof
    ├── mfhd             the index
    └── traf
        ├── tfhd  trun   the samples, as they came
        └── tfxd  tfrf   its own time and duration; those of the fragments that follow
    mdat

No tfdt, no base-data-offset, none of ISO's later flags: clients of Smooth read this subset. Some
rewrite the moof and mend the offset of its first trun alone, so there is one; a copy that was sent
in several fragments, or in several runs, becomes one table. Nothing else is touched, media data
least of all: it is handed on as a view, but for subtitles, whose times count from their fragment
in Smooth (`packagers.ttml`).

tfxd says the time that the manifest says, and tfrf those that it will say: a client asks for what
follows by it.
"""

from collections.abc import Sequence

from relay.errors import FragmentInvalid
from relay.media import Buffer, SampleDefaults
from relay.mp4.fragment import TrackFragment, layout, parse_moof
from relay.mp4.grammar import MFHD, TRUN
from relay.mp4.samples import COMPOSITION, DATA_OFFSET, DURATION, FLAGS, SIZE, Samples
from relay.mp4.smooth import Tfxd, build_tfrf, build_tfxd
from relay.mp4.walk import Budget, children
from relay.mp4.write import box, described, media_data_header, tfhd, trun

_TRACK_ID = 1
_PAIRS = 4096
_NO_SAMPLES = bytes(8)

Times = Sequence[tuple[int, int]]
"""Time and duration of fragments, in ticks since 1970."""


def fragment(data: bytes, index: int, own: tuple[int, int], following: Times) -> list[Buffer]:
    """The parts of a stored copy's fragment: its moof, the head of its mdat, and media.

    `data`: pairs of moof and mdat of one track. `own`: its time and duration.
    Raises EncoderError where it is damaged.
    """
    tracks: list[TrackFragment] = []
    media: list[Buffer] = []
    view = memoryview(data)
    head = b""
    for atom in children(data, 0, len(data), Budget(_PAIRS)):
        if atom.type == "moof":
            head = data[atom.start : atom.end]
        elif atom.type == "mdat":
            meaning = parse_moof(head)
            (ranges,) = layout(meaning, atom.end - atom.body)
            tracks.append(meaning.tracks[0])
            media += [view[atom.body + at : atom.body + at + size] for at, size in ranges]
    if not tracks:
        raise FragmentInvalid("A stored copy holds no fragment.")
    runs = [run for track in tracks for run in track.runs]
    defaults = tracks[0].defaults
    if len(runs) == 1:
        (atom,) = (one for one in tracks[0].atoms if one.type == "trun")
        table = bytes(memoryview(head)[atom.body : atom.end])
    else:
        table = _table([run.samples for run in runs])
    size = sum(len(part) for part in media)
    return [_moof(index, defaults, table, own, following), media_data_header(size), *media]


def hole(index: int, own: tuple[int, int], following: Times) -> list[Buffer]:
    """What is fetched where nobody delivered anything: a fragment without samples."""
    moof = _moof(index, SampleDefaults(), _NO_SAMPLES, own, following)
    return [moof, media_data_header(0)]


def event(data: bytes) -> bytes:
    """The content of a sparse fragment: its sample data. Raises EncoderError."""
    atoms = children(data, 0, len(data), Budget(_PAIRS))
    return b"".join(data[atom.body : atom.end] for atom in atoms if atom.type == "mdat")


def _moof(
    index: int, defaults: SampleDefaults, table: bytes, own: tuple[int, int], following: Times
) -> bytes:
    times = [build_tfxd(Tfxd(*own))]
    if following:
        times.append(build_tfrf(following))
    order = described("mfhd", MFHD, sequence_number=index & 0xFFFFFFFF)
    head = tfhd(_TRACK_ID, defaults)

    def whole(offset: int) -> bytes:
        return box("moof", order, box("traf", head, trun(table, offset), *times))

    return whole(len(whole(0)) + len(media_data_header(0)))


def _table(several: Sequence[Samples]) -> bytes:
    """The payload of one trun with all samples, each with all columns (14496-12 8.8.8)."""
    every = [
        row
        for samples in several
        for row in zip(
            samples.durations, samples.sizes, samples.flags, samples.offsets, strict=True
        )
    ]
    composed = COMPOSITION if any(offset for *_, offset in every) else 0
    built: bytes = TRUN.build(
        {
            "version": 1,
            "flags": DATA_OFFSET | DURATION | SIZE | FLAGS | composed,
            "sample_count": len(every),
            "data_offset": 0,
            "first_sample_flags": None,
            "samples": [
                {
                    "duration": duration,
                    "size": size,
                    "flags": flags,
                    "composition_time_offset": offset if composed else None,
                }
                for duration, size, flags, offset in every
            ],
        }
    )
    return built
