"""What the headers of a channel say that will not do, although it can be carried.

    TIMESCALE_MISSING     tracks of one encoder count in different timescales (mdhd), and its
                          manifest leaves some of them unsaid (TIME-3a). mdhd is what counts
    TIMESCALE_DIFFERS     the manifest says another timescale than mdhd
    MANIFEST_OUTPUT       a sparse track without manifestOutput="true" (SPARSE-3a)
    PARENT_UNKNOWN        no header has the track that a sparse one goes with (SPARSE-2a), so its
                          events wait; in order if that track's encoder has yet to connect
    NEAR_DUPLICATE_TRACK  two tracks that no encoder sends both of, equal but for what vendors name
                          differently: then copies of one track are taken for two tracks, and
                          neither is redundant
    PARAMETER_SETS        a video track that leaves parameter sets to its samples (hev1, avc3), so
                          that players of HLS that want hvc1 and avc1, Apple's, do not take it
    PROTECTION            a protected track of which a playlist cannot say where its key comes from:
                          DASH has it, HLS leaves it out (`packagers.protection`)
    DURATION_RANGE        fragments are not about 2 to 6 seconds long (FMT-7a)

What an encoder sends side by side is meant to be two tracks, however alike they are. The last
header of each source and stream counts, so that an encoder that was mended is well again. The
manifest is read anew from the header's bytes, since what does not matter for the media is kept
nowhere else; the same bytes are read once. Sans-IO; strangers name sources and streams, so headers
are bounded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from itertools import combinations

from relay.ingest.manifest import ManifestTrack, parse
from relay.media import Header, Kind, Track
from relay.mp4.reader import BoxReader
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml

MOST_HEADERS = 128
SHORTEST, LONGEST = Fraction(19, 10), Fraction(63, 10)
"""D in seconds: "about" 2 to 6 leaves 5 % at either end, so 1.92 s and 6.006 s are in order."""
HLS_SCHEMES = ("cenc", "cbcs")
NEAR = Fraction(1, 10)
"""How far, of the greater one, the bitrates of one track may differ between vendors."""

PARENT_UNKNOWN = "PARENT_UNKNOWN"

Findings = dict[str, dict[str, str]]
"""Sentences by code and subject."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """One track of one header, and what the manifest says of it, if anything."""

    track: Track
    said: ManifestTrack | None


@dataclass(slots=True)
class Inspection:
    """The newest headers of one channel."""

    name: str
    _digests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _headers: dict[tuple[str, str], list[_Declared]] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)

    def header(self, source: str, stream: str, header: Header) -> Findings | None:
        """A sender's header came: all that is amiss on the channel now, or None as before."""
        key, digest = (source, stream), sha256(header.data).digest()
        if self._digests.get(key) == digest and source not in self._gone:
            return None
        self._gone.discard(source)
        self._digests.pop(key, None)
        self._headers.pop(key, None)
        self._digests[key] = digest
        self._headers[key] = _declared(header)
        if len(self._digests) > MOST_HEADERS:
            oldest = next(iter(self._digests))
            del self._digests[oldest], self._headers[oldest]
        return {code: self._of_those_here(said) for code, said in self._found().items()}

    def forget(self, source: str) -> bool:
        """A source is gone: nothing is said of it until it is back. What it has shown counts on: a
        sparse track may go with one of its tracks. False: it sends events only, which come and go
        by nature, so that what is wrong with them stands."""
        shown = [
            each for (who, _), tracks in self._headers.items() if who == source for each in tracks
        ]
        if all(each.track.parent for each in shown):
            return False
        self._gone = {who for who, _ in self._headers if who == source or who in self._gone}
        return True

    def _of_those_here(self, said: dict[str, str]) -> dict[str, str]:
        return {
            subject: text
            for subject, text in said.items()
            if subject.partition(", ")[0] not in self._gone
        }

    def _found(self) -> Findings:
        sources: dict[str, dict[str, _Declared]] = defaultdict(dict)
        for (who, _), tracks in self._headers.items():
            sources[who] |= {each.track.name: each for each in tracks}
        return {
            "TIMESCALE_MISSING": _missing(sources),
            "TIMESCALE_DIFFERS": _differing(sources),
            "MANIFEST_OUTPUT": _silent(sources),
            PARENT_UNKNOWN: _orphans(sources),
            "NEAR_DUPLICATE_TRACK": _near(self.name, sources),
            "PARAMETER_SETS": _in_band(sources),
            "PROTECTION": _keyless(sources),
        }


def duration_range(D: Fraction) -> str:  # noqa: N803 - the design's name
    """A sentence when fragments of `D` seconds are shorter or longer than the protocol wants."""
    if SHORTEST <= D <= LONGEST:
        return ""
    return (
        f"fragments are {float(D):g} s long, and should be 2 to 6 s: set the encoders' key frame"
        " distance"
    )


def _declared(header: Header) -> list[_Declared]:
    said: Iterable[ManifestTrack] = ()
    for box in BoxReader().feed(header.data):
        if box.uuid == LIVE_SERVER_MANIFEST:
            said = parse(manifest_xml(box.payload))
    by_id = {each.track_id: each for each in said}
    return [_Declared(each.track, by_id.get(each.track_id)) for each in header.tracks]


_Sources = Mapping[str, Mapping[str, _Declared]]


def _missing(sources: _Sources) -> dict[str, str]:
    found = {}
    for source, tracks in sources.items():
        scales = {each.track.timescale for each in tracks.values()}
        silent = sorted(
            f"{name} ({each.track.timescale})"
            for name, each in tracks.items()
            if each.said is None or each.said.timescale is None
        )
        if len(scales) > 1 and silent:
            found[source] = (
                f"{source}: its tracks have different timescales, and its manifest leaves out that"
                f" of {', '.join(silent)}: make it write the timescale of each"
            )
    return found


def _differing(sources: _Sources) -> dict[str, str]:
    found = {}
    for source, tracks in sources.items():
        for name, each in tracks.items():
            said = None if each.said is None else each.said.timescale
            if said is not None and said != each.track.timescale:
                found[f"{source}, {name}"] = (
                    f"{source}, {name}: its manifest says timescale {said}, its moov"
                    f" {each.track.timescale}, which counts: make them equal"
                )
    return found


def _silent(sources: _Sources) -> dict[str, str]:
    return {
        f"{source}, {name}": (
            f"{source}, {name}: a sparse track without manifestOutput: set it to true, or other"
            " servers will not show its events to clients"
        )
        for source, tracks in sources.items()
        for name, each in tracks.items()
        if each.track.parent and (each.said is None or not each.said.output)
    }


def _orphans(sources: _Sources) -> dict[str, str]:
    known = {each.track.key.name for tracks in sources.values() for each in tracks.values()}
    return {
        f"{source}, {name}": (
            f"{source}, {name}: its parent {each.track.parent} is no track of any header yet; its"
            " events wait for it: connect that encoder, or correct parentTrackName"
        )
        for source, tracks in sources.items()
        for name, each in tracks.items()
        if each.track.parent and each.track.parent not in known
    }


def _in_band(sources: _Sources) -> dict[str, str]:
    return {
        f"{source}, {name}": (
            f"{source}, {name}: its parameter sets come in the samples ({each.track.codecs[:4]}),"
            " which Apple's players refuse: let the encoder put them into its header (with ffmpeg:"
            " -flags +global_header)"
        )
        for source, tracks in sources.items()
        for name, each in tracks.items()
        if each.track.codecs.startswith(("hev1", "avc3"))
    }


def _keyless(sources: _Sources) -> dict[str, str]:
    found = {}
    for source, tracks in sources.items():
        for name, each in tracks.items():
            protection = each.track.protection
            if protection is None:
                continue
            if protection.scheme not in HLS_SCHEMES:
                why = f"it is encrypted by {protection.scheme}, which HLS does not know"
            elif not protection.systems:
                why = "its moov has no pssh box, so that no playlist can say where its key is"
            else:
                continue
            found[f"{source}, {name}"] = f"{source}, {name}: {why}: only DASH has this track"
    return found


def _near(channel: str, sources: _Sources) -> dict[str, str]:
    tracks: dict[str, Track] = {}
    senders: dict[str, set[str]] = defaultdict(set)
    for source, sent in sources.items():
        for name, each in sent.items():
            tracks.setdefault(name, each.track)
            senders[name].add(source)
    found: dict[str, str] = {}
    for first, second in combinations(tracks, 2):
        apart = not senders[first] & senders[second]
        if second not in found and apart and near(tracks[first], tracks[second]):
            found[second] = (
                f"{second} of {', '.join(sorted(senders[second]))} looks like {first} of"
                f" {', '.join(sorted(senders[first]))} under another name: name them alike, or join"
                f' them with [channels.{channel}.tracks] alias = {{ "{second}" = "{first}" }}'
            )
    return found


def near(one: Track, other: Track) -> bool:
    """Two tracks that may be one, which two vendors name differently: the same codec configuration
    and timescale, a language that can be the same, bitrates as near as measuring makes them."""
    a, b = one.key, other.key
    if a.kind is not b.kind or not _related(a.language, b.language):
        return False
    if (one.sample_entry, one.timescale, one.parent) != (
        other.sample_entry,
        other.timescale,
        other.parent,
    ):
        return False
    if a.kind is Kind.TEXT and a.name.casefold() != b.name.casefold():
        return False  # nothing but its name tells one event track from another
    return abs(a.bitrate - b.bitrate) <= NEAR * max(a.bitrate, b.bitrate)


def _related(one: str, other: str) -> bool:
    """`en` and `eng`, `de` and `de-AT`, and anything beside `und`."""
    a, b = (text.lower().split("-")[0] for text in (one, other))
    return "und" in (a, b) or a[:2] == b[:2]
