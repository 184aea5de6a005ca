"""The live-ingest grammar of one POST: boxes in, a header and fragments out (MS-SSTR 2.2.7).

    LiveIngestMessage = ftyp [StreamManifestBox] LiveServerManifestBox moov ( moof mdat )*

Real encoders bend it, and are followed where the meaning is clear: the manifest may come before
ftyp (ffmpeg with delay_moov), the whole header may come again in mid-body, a body may begin with
media when its stream's header is known (one POST per fragment). StreamManifestBox and mfra are
ignored, as Azure ignored them; so is all between fragments that is neither moof nor mdat, and so
are the fragments of a track that neither the manifest declares nor anybody could play.

Decode time = tfxd fragment_absolute_time - first composition offset: tfxd carries the
*presentation* time of the first sample. Durations are summed from trun, since tfxd's differ from
them in real streams. Without tfxd, tfdt counts. A 32-bit tfxd time, which wraps, is taken as the
one nearest to the track's last.
"""

from collections.abc import Mapping
from functools import lru_cache

from relay.errors import FragmentInvalid, HeaderInvalid, HeaderMissing
from relay.ingest import alias, manifest
from relay.ingest.track import described, plays
from relay.media import Fragment, Header, HeaderTrack, Kind
from relay.mp4 import iso, smooth
from relay.mp4.reader import Box, BoxReader, Media

LONGEST = 86_400
"""Seconds of a fragment; of a sparse one, of what it signals."""
_NEAR = 1 << 62  # what is unwrapped near a time below this fits 64 bits
_NO_MANIFEST = "With ffmpeg, push with -f ismv -movflags isml+frag_keyframe."


class Session:
    """The grammar's state within one POST of the stream `stream`.

    `header` is what the stream is known to begin with, for a body that leaves it out. `names`:
    names of tracks that shall have other names (`relay.ingest.alias`).
    """

    def __init__(
        self, stream: str, header: Header | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        self._stream = stream
        self._names = names or {}
        self._tracks: dict[int, HeaderTrack] = {}
        self._parts: dict[str, Box] = {}
        self._ignored: frozenset[int] = frozenset()
        self._last: dict[int, int] = {}
        self._moof: Box | None = None
        self._slate = False
        if header is not None:
            self._learn(header)

    def take(self, box: Box) -> list[Header | Fragment]:
        """One more whole box; what it completed. Raises EncoderError: then the POST is over."""
        match box.type:
            case "moof":
                self._begin(box)
            case "mdat":
                return self._fragments(box)
            case "styp":  # DASH-IF Live Media Ingest: what follows is a filler, until another styp
                self._slate = b"slat" in bytes(box.payload)
            case "ftyp" | "moov":
                return self._part(box.type, box)
            case "uuid" if box.uuid == smooth.LIVE_SERVER_MANIFEST:
                return self._part("manifest", box)
        return []

    def end(self) -> None:
        """The body is over, cleanly. Raises FragmentInvalid when a moof waits for its mdat."""
        if self._moof is not None:
            raise FragmentInvalid("The body ended between a moof and its mdat.")

    def _part(self, name: str, box: Box) -> list[Header | Fragment]:
        if self._moof is not None:
            raise FragmentInvalid(f"{name} stands between a moof and its mdat.")
        if name in self._parts:
            raise HeaderInvalid(f"The header has two {name} boxes.")
        self._parts[name] = box
        if name != "moov":
            return []
        header = self._header()
        named = alias.renamed(self._parts["manifest"], header, self._names)
        if named is not None:
            self._parts["manifest"] = named
            header = self._header()  # read again, as whoever reads the pin will
        self._parts.clear()
        self._learn(header)
        return [header]

    def _header(self) -> Header:
        missing = [name for name in ("ftyp", "manifest") if name not in self._parts]
        if "manifest" in missing:
            raise HeaderMissing("The header has no LiveServerManifestBox.", hint=_NO_MANIFEST)
        if missing:
            raise HeaderInvalid("The header has no ftyp box.")
        ftyp, said, moov = (self._parts[name] for name in ("ftyp", "manifest", "moov"))
        declared = {
            track.track_id: track for track in manifest.parse(smooth.manifest_xml(said.payload))
        }
        systems = iso.key_systems(moov.data)
        tracks: list[HeaderTrack] = []
        for track in iso.parse_moov(moov.data):
            mentioned = track.track_id in declared
            if not mentioned and not plays(track):
                continue
            told = described(track, declared.get(track.track_id), self._stream, systems)
            taken = any(told.track.name == other.track.name for other in tracks)
            if mentioned or not (taken and told.track.key.kind is Kind.TEXT):
                tracks.append(told)  # of subtitles that nobody named, the first of a language
        absent = sorted(declared.keys() - {track.track_id for track in tracks})
        if absent:
            raise HeaderInvalid(f"The manifest's trackID {absent[0]} is not in the moov.")
        names = [track.track.name for track in tracks]
        if len(set(names)) != len(names):
            raise HeaderInvalid(
                "Two tracks have the same name, bitrate and attributes.",
                hint="Give each track its own trackName or systemBitrate.",
            )
        return Header(ftyp.data + said.data + moov.data, tuple(tracks))

    def _learn(self, header: Header) -> None:
        self._tracks = {track.track_id: track for track in header.tracks}
        reader = BoxReader()
        moov = [box for box in reader.feed(header.data) if box.type == "moov"]
        reader.feed(b"")  # raises when a moov that was completed has outgrown its limit
        present = (track.track_id for box in moov for track in iso.parse_moov(box.data))
        self._ignored = frozenset(present) - self._tracks.keys()

    def _begin(self, box: Box) -> None:
        if not self._tracks:
            raise HeaderMissing(
                "Media came before the header (ftyp, LiveServerManifestBox, moov).",
                hint="Begin each POST with the stream's header.",
            )
        if self._parts:
            raise HeaderInvalid("The header that came in mid-body has no moov.")
        if self._moof is not None:
            raise FragmentInvalid("A moof follows a moof: its mdat is missing.")
        self._moof = box

    def _fragments(self, mdat: Box) -> list[Header | Fragment]:
        moof, self._moof = self._moof, None
        if moof is None:
            raise FragmentInvalid("An mdat came without its moof.")
        defaults = {track_id: track.defaults for track_id, track in self._tracks.items()}
        found: list[Header | Fragment] = []
        media = mdat if isinstance(mdat, Media) else mdat.data
        for track_id, meaning, data in iso.separate(moof.data, media, defaults, self._last):
            known = self._tracks.get(track_id)
            if known is None and track_id not in self._ignored:
                raise FragmentInvalid(f"track_ID {track_id} is not in the stream's header.")
            samples = meaning.samples
            if known is None or not samples.count:
                continue
            time, tfxd = meaning.decode_time, meaning.tfxd
            if time is None:
                raise FragmentInvalid("The fragment has neither tfxd nor tfdt: it has no time.")
            if samples.duration > LONGEST * known.track.timescale:
                raise FragmentInvalid(f"The fragment lasts over {LONGEST} s.")
            if tfxd is not None and abs(tfxd.time) < _NEAR:
                self._last[track_id] = tfxd.time
            found.append(
                Fragment(
                    track=known.track,
                    time=time,
                    offset=samples.first_offset,
                    duration=samples.duration,
                    sample_count=samples.count,
                    index=None if tfxd is None else tfxd.index,
                    sync=samples.sync,
                    data=data,
                    slate=self._slate,
                )
            )
        return found


@lru_cache(maxsize=16)
def read_header(stream: str, data: bytes) -> Header:
    """A header from the bytes that `Header.data` kept. Raises EncoderError if they are none.

    Cached, as a change of settings repeats the headers of before, and a replay all of them.
    """
    session = Session(stream)
    for box in BoxReader().feed(data):
        for found in session.take(box):
            if isinstance(found, Header):
                return found
    raise HeaderInvalid("These bytes are no header.")
