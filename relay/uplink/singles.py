"""One track per stream, for receivers that want it so: a header for each track of a header.

It is a function of the canonical header, so it is the same at every attempt and after a restart. A
track that several streams carry goes up once.
"""

from hashlib import sha256

from relay.errors import HeaderInvalid
from relay.ingest import manifest
from relay.ingest.smooth import read_header
from relay.ingest.url import NAME
from relay.media import Header, Kind
from relay.mp4.single import only_track
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml
from relay.mp4.walk import Budget, children
from relay.mp4.write import box


def singles(stream: str, header: Header, kind: Kind | None = None) -> dict[str, Header]:
    """The headers of the tracks of `stream`, by the id of the stream that each gets.

    `kind`: of these tracks only. A track that is alone already keeps its header as it came. Raises
    EncoderError when the header cannot be taken apart; then it goes up as it is.
    """
    found: dict[str, Header] = {}
    alone = len(read_header(stream, header.data).tracks) == 1
    for told in header.tracks:
        if kind not in (None, told.track.key.kind):
            continue
        data = header.data if alone else _single(header.data, told.track_id)
        (what,) = read_header(stream, data).tracks
        if what.track != told.track:
            raise HeaderInvalid(f"{told.track.name} means something else without the others.")
        found[single_id(told.track.name)] = Header(data, (told,))
    return found


def single_id(track: str) -> str:
    """A stream id that says the track's name, if it can be one."""
    return track if NAME.fullmatch(track) else sha256(track.encode()).hexdigest()[:16]


def stated(header: Header) -> Header:
    """The header with all that a receiver must be told; this very one if it says so already.

    Raises EncoderError.
    """
    scales = {told.track_id: told.track.timescale for told in header.tracks}
    parts: list[bytes] = []
    for atom in children(header.data, 0, len(header.data), Budget(16)):
        part = header.data[atom.start : atom.end]
        if atom.uuid == LIVE_SERVER_MANIFEST:
            said = manifest_xml(header.data[atom.body : atom.end])
            xml = manifest.stated(said, scales)
            if xml is not said:
                part = box("uuid", LIVE_SERVER_MANIFEST, bytes(4), xml)
        parts.append(part)
    data = b"".join(parts)
    return header if data == header.data else Header(data, header.tracks)


def _single(data: bytes, track_id: int) -> bytes:
    parts: list[bytes] = []
    for atom in children(data, 0, len(data), Budget(16)):
        part = data[atom.start : atom.end]
        if atom.uuid == LIVE_SERVER_MANIFEST:
            xml = manifest.only(manifest_xml(data[atom.body : atom.end]), track_id)
            part = box("uuid", LIVE_SERVER_MANIFEST, bytes(4), xml)
        elif atom.type == "moov":
            part = only_track(part, track_id)
        parts.append(part)
    return b"".join(parts)
