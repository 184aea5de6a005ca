"""What is fetched for a gap: a movie fragment at its time that holds nothing."""

from packagers import cmaf
from relay.media import SampleDefaults, Track
from relay.mp4.grammar import MFHD, TFDT
from relay.mp4.write import box, described, tfhd
from relay.presentation import Segment

_DEFAULT_BASE_IS_MOOF = 0x020000


def hole(track: Track, gap: Segment, epoch: int) -> bytes:
    """moof and mdat (23009-1 6.3.4.2) of a gap. `epoch`: that of its run."""
    time = max(0, gap.time + epoch * track.timescale)
    traf = box(
        "traf",
        tfhd(cmaf.TRACK_ID, SampleDefaults(), _DEFAULT_BASE_IS_MOOF),
        described("tfdt", TFDT, version=1, base_media_decode_time=time),
    )
    order = described("mfhd", MFHD, sequence_number=gap.index & 0xFFFFFFFF)
    return box("moof", order, traf) + box("mdat")
