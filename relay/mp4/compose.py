"""A live header's moov, and a fragment's moof and mdat, built from their meaning.

Both say all they mean: the moov leaves nothing for the fragments to inherit (trex is all zeros),
and a fragment says the duration, size and flags of each sample itself. Offsets count from the moof,
as they do for a first track without base-data-offset (ISO/IEC 14496-12 8.8.7.1), so that readers
of PIFF 1.1, which know no default-base-is-moof, agree. No creation times, no names of software:
the same meaning is the same bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from relay.media import Buffer, SampleDefaults
from relay.mp4.grammar import HDLR, MDHD, MFHD, MVHD, TKHD, TREX, TRUN
from relay.mp4.movie import MovieTrack
from relay.mp4.samples import COMPOSITION, DATA_OFFSET, DURATION, FLAGS, SIZE, Samples
from relay.mp4.smooth import TFXD, Tfxd, build_tfxd
from relay.mp4.write import box, described, media_data_header, tfhd

_MEDIA_HEADERS = {"vide": box("vmhd", b"\0\0\0\1", bytes(8)), "soun": box("smhd", bytes(8))}
_DATA_HERE = box("dinf", box("dref", bytes(4), b"\0\0\0\1", box("url ", b"\0\0\0\1")))
_EMPTY_TABLES = (
    box("stts", bytes(8)),
    box("stsc", bytes(8)),
    box("stsz", bytes(12)),
    box("stco", bytes(8)),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """What tfxd says: `time` and `duration` in ticks; version 2 if there is an `index`.

    width    bits of fragment_index, 32 or 64: version 2 is published nowhere, encoders differ
    """

    time: int
    duration: int
    index: int | None = None
    width: int = 32


def moov(tracks: Sequence[MovieTrack]) -> bytes:
    """The moov of a live header (8.2): no samples, no durations."""
    following = max(track.track_id for track in tracks) + 1
    return box(
        "moov",
        described("mvhd", MVHD, timescale=1000, next_track_ID=following),
        *(_trak(track) for track in tracks),
        box("mvex", *(described("trex", TREX, track_ID=track.track_id) for track in tracks)),
    )


def fragment(
    track_id: int, sequence_number: int, samples: Samples, timing: Timing, media: Sequence[Buffer]
) -> bytes:
    """moof and mdat of one track. `media`: the samples' bytes, in order."""
    said = DATA_OFFSET | DURATION | SIZE | FLAGS | (COMPOSITION if any(samples.offsets) else 0)
    columns = zip(samples.durations, samples.sizes, samples.flags, samples.offsets, strict=True)
    table = [
        {
            "duration": duration,
            "size": size,
            "flags": flags,
            "composition_time_offset": offset if said & COMPOSITION else None,
        }
        for duration, size, flags, offset in columns
    ]

    def moof(data_offset: int) -> bytes:
        return box(
            "moof",
            described("mfhd", MFHD, sequence_number=sequence_number & 0xFFFFFFFF),
            box(
                "traf",
                tfhd(track_id, SampleDefaults()),
                described(
                    "trun",
                    TRUN,
                    version=1,
                    flags=said,
                    sample_count=samples.count,
                    data_offset=data_offset,
                    first_sample_flags=None,
                    samples=table,
                ),
                tfxd(timing),
            ),
        )

    header = media_data_header(sum(samples.sizes))
    return b"".join((moof(len(moof(0)) + len(header)), header, *media))


def tfxd(timing: Timing) -> bytes:
    """A tfxd of version 1, or of version 2 with its index behind the duration."""
    if timing.index is None:
        return build_tfxd(Tfxd(timing.time, timing.duration))
    return box(
        "uuid",
        TFXD,
        b"\2\0\0\0",
        timing.time.to_bytes(8, "big", signed=True),
        timing.duration.to_bytes(8, "big"),
        timing.index.to_bytes(timing.width // 8, "big"),
    )


def _trak(track: MovieTrack) -> bytes:
    audio = track.handler == "soun"
    language = track.language if re.fullmatch("[a-z]{3}", track.language) else "und"
    entries = box("stsd", bytes(4), b"\0\0\0\1", track.sample_entry)
    return box(
        "trak",
        described(
            "tkhd",
            TKHD,
            flags=3,  # enabled, in movie
            track_ID=track.track_id,
            volume=0x100 if audio else 0,
            width=track.width,
            height=track.height,
        ),
        box(
            "mdia",
            described("mdhd", MDHD, timescale=track.timescale, language=language),
            described("hdlr", HDLR, handler_type=track.handler, name="\0"),
            box(
                "minf",
                _MEDIA_HEADERS[track.handler],
                _DATA_HERE,
                box("stbl", entries, *_EMPTY_TABLES),
            ),
        ),
    )
