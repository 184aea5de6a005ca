"""ISO/IEC 14496-12, as far as a live stream needs it: the door of its five files.

movie      moov: tracks, timescales, sample entries, trex
samples    trun as columns
fragment   moof: track fragments, their times, where their bytes lie
separate   one moof and mdat per track, complete without the stream's header
restamp    the same fragment as another stream sends it
"""

from relay.mp4.fragment import MovieFragment, TrackFragment, layout, parse_moof
from relay.mp4.movie import MovieTrack, key_systems, parse_moov
from relay.mp4.restamp import Marks, restamp
from relay.mp4.samples import Samples
from relay.mp4.separate import media_data, separate

__all__ = [
    "Marks",
    "MovieFragment",
    "MovieTrack",
    "Samples",
    "TrackFragment",
    "key_systems",
    "layout",
    "media_data",
    "parse_moof",
    "parse_moov",
    "restamp",
    "separate",
]
