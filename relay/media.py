"""The words of the house: what flows from the door in to the presentation.

A *track* is the canonical track of a publishing point. Its identity is its `TrackKey`, the values
by which MS-SSTR 2.2.7.3 tells the entries of a live server manifest apart; equal keys in other
streams or from other encoders are copies of one track. `track_ID` is local to a stream and lives
only in a `Header`.

    Header      ftyp + live server manifest + moov, as one stream began
    Fragment    one moof + mdat of one track
    Copy        what one source sent for one index of one track; the store's member
    Gap         the record that an index stays empty; competes with copies under the same key,
                but not with a fill, which is kept beside it
    Pin         a small fact of the channel, decided once (grid, header, bandwidth)
    Entry       a copy or gap in its final place on the timeline

Times are integers in the track's timescale and signed: a real encoder's first audio fragment
begins before zero (AAC priming). `time` is decode time. Everything here is immutable.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from sys import intern

Buffer = bytes | memoryview
"""Bytes that are handed on, not copied."""


class Kind(StrEnum):
    """The element of the live server manifest that declares a track."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "textstream"


@dataclass(frozen=True, slots=True)
class TrackKey:
    """Identity of a track: kind, trackName, systemBitrate, language, custom attributes.

    `attributes` are sorted (name, value) pairs. Where the bitrate of audio or video is 0, they also
    carry what else tells such tracks apart (size or channels).
    """

    kind: Kind
    name: str
    bitrate: int
    language: str = "und"
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def url_name(self) -> str:
        """`{trackName}-{systemBitrate}`, a function of the key alone: equal in every data centre.

        Only [A-Za-z0-9_-]; what would be lost by that, a language other than the one that the name
        ends with (`audio_eng`), and custom attributes come back as a suffix, so different keys of
        one kind keep different names.
        """
        plain = re.sub(r"[^A-Za-z0-9_]", "_", self.name) or self.kind.value
        parts = [plain, str(self.bitrate)]
        shown = re.search(r"_([a-z]{3})$", self.name)
        if self.language != (shown[1] if shown else "und"):
            parts.append(re.sub(r"[^A-Za-z0-9]", "_", self.language))
        if self.attributes or plain != self.name:
            meaning = repr((self.name, self.attributes)).encode()
            parts.append(hashlib.sha256(meaning).hexdigest()[:6])
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Protection:
    """How the samples of a track are encrypted (ISO/IEC 23001-7, Common Encryption).

    scheme   "cenc", "cbc1", "cens" or "cbcs" (schm scheme_type)
    key_id   default_KID, 16 bytes
    systems  a whole pssh box for each key system, sorted
    """

    scheme: str
    key_id: bytes
    systems: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """A track by meaning: equal tracks are interchangeable, whoever encodes them.

    timescale     ticks per second (mdhd; the manifest's timescale is only compared with it)
    handler       hdlr handler_type: "vide", "soun", "text", "subt", "meta"
    sample_entry  the stsd entry as one box, canonical, codec configuration in it
    codecs        RFC 6381 string, "" when there is nothing to play (sparse)
    width, height luma samples as declared; 0 on others
    channels, sampling_rate   audio; 0 on others
    parent        parentTrackName of a sparse track, else ""
    protection    None: in the clear
    name          of the track in URLs and in the store: its key's, which is dear to make
    """

    key: TrackKey
    timescale: int
    handler: str
    sample_entry: bytes
    codecs: str
    width: int = 0
    height: int = 0
    channels: int = 0
    sampling_rate: int = 0
    parent: str = ""
    protection: Protection | None = None
    name: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", intern(self.key.url_name))


@dataclass(frozen=True, slots=True)
class SampleDefaults:
    """trex (ISO/IEC 14496-12 8.8.3): what a fragment may leave unsaid. 0 = nothing is said."""

    duration: int = 0
    size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class HeaderTrack:
    """One track as a stream names it."""

    track_id: int
    track: Track
    defaults: SampleDefaults = SampleDefaults()


@dataclass(frozen=True, slots=True)
class Header:
    """How a stream begins: its three boxes, byte for byte, and what they mean."""

    data: bytes
    tracks: tuple[HeaderTrack, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof + mdat of one track, complete.

    time        decode time of the first sample: tfxd's time less its composition offset
    offset      that composition offset; time + offset is when the sample is shown
    duration    sum of the sample durations, never tfxd's
    index       tfxd version 2 fragment_index, or None
    sync        the first sample is a sync sample
    slate       a filler for a lost input (brand `slat` of DASH-IF Live Media Ingest)
    data        the bytes of moof and mdat, meaning complete without the stream's trex
    """

    track: Track
    time: int
    offset: int
    duration: int
    sample_count: int
    index: int | None
    sync: bool
    data: tuple[Buffer, ...]
    slate: bool = False

    @property
    def end(self) -> int:
        return self.time + self.duration

    @property
    def half_frame(self) -> int:
        """Half the mean sample duration: how far two pieces may miss each other and still join."""
        return self.duration // (2 * self.sample_count)

    @property
    def size(self) -> int:
        return sum(len(part) for part in self.data)


@dataclass(frozen=True, slots=True)
class Copy:
    """What one source sent for one (track, run, index); its bytes travel beside it.

    track     `Track.name`
    arrival   milliseconds since 1970 when its last byte was in
    size      bytes
    partial   its source died before it was whole
    fill      it came after its index had been declared a gap; kept for archive and upstream
    event     of a sparse track: several may share an index, each has its time
    """

    track: str
    run: int
    index: int
    time: int
    duration: int
    sample_count: int
    source: str
    arrival: int
    size: int
    sync: bool = True
    partial: bool = False
    fill: bool = False
    event: bool = False

    @property
    def end(self) -> int:
        return self.time + self.duration

    @property
    def half_frame(self) -> int:
        """Half the mean sample duration: how far two copies may miss each other and still join."""
        return self.duration // (2 * self.sample_count) if self.sample_count else 0

    def unlike(self, won: "Copy") -> str | None:
        """How it differs from the copy of its index that won, or None."""
        slack = won.half_frame
        if abs(won.time - self.time) > slack:
            return f"time {self.time} instead of {won.time}"
        if abs(won.duration - self.duration) > slack:
            return f"duration {self.duration} instead of {won.duration}"
        if won.sample_count != self.sample_count:
            return f"{self.sample_count} samples instead of {won.sample_count}"
        return None


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody delivered this index in time. `time` and `duration` are the hole's, in ticks."""

    track: str
    run: int
    index: int
    time: int
    duration: int
    arrival: int

    @property
    def end(self) -> int:
        return self.time + self.duration


@dataclass(frozen=True, slots=True)
class Pin:
    """A fact that the first to say it decides for all.

    `grid`, `header/{stream}`, `bandwidth/{track}`, `begin/{track}`, `run/{n}`, `change/{n}`.
    """

    name: str
    value: bytes


Member = Copy | Gap | Pin
"""What a store holds."""


class Verdict(StrEnum):
    """What became of an arriving copy (design 4.2); `relay.timeline` says when."""

    ACCEPTED = "accepted"
    HELD = "held"
    DUPLICATE = "duplicate"
    FILL = "fill"
    FLOOD = "flood"
    LATE = "late"
    PARTIAL = "partial"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Entry:
    """A copy or gap in its final place. `drift`: ticks by which it misses the end before it."""

    member: Copy | Gap
    drift: int = 0
    discontinuity: bool = False
