"""Sample entries of TTML text, and the two ways to say when its lines are shown.

    stpp    ISO/IEC 14496-30 5.3: XMLSubtitleSampleEntry. Times in a document count from the zero
            of the track's media timeline.
    dfxp    Smooth Streaming's (FourCC DFXP, TTML): no more than a plain SampleEntry. Times in a
            document count from the beginning of its fragment.

A codec string is `stpp`, then the registered name of a TTML profile (RFC 6381; 14496-30 5.3). The
entry's `mime` box may say it. Where it does not, IMSC 1 is what CMAF (23000-19 11.3) knows:
pictures, which the entry has to announce, make it the image profile `im1i`, else it is `im1t`.
Under a bare `stpp`, hls.js and Safari show nothing.
"""

import re

from relay.mp4.walk import Atom, box_at
from relay.mp4.write import box

DFXP, STPP = "dfxp", "stpp"
_HEAD = 8  # of a SampleEntry: reserved, data_reference_index
_NAMESPACE = b"http://www.w3.org/ns/ttml"


def codecs(sample_entry: bytes) -> str:
    """The codec string of an entry of either kind. Raises BoxInvalid."""
    entry = box_at(sample_entry, 0, len(sample_entry))
    if entry.type == DFXP:
        return "stpp.ttml.im1t"
    texts, at = _texts(sample_entry, entry)
    profile = _profile(sample_entry[at : entry.end])
    if profile:
        return f"stpp.ttml.{profile}"
    pictures = len(texts) == 3 and b"image/" in texts[2]
    return "stpp.ttml.im1i" if pictures else "stpp.ttml.im1t"


def standard_entry(sample_entry: bytes) -> bytes:
    """The entry as an stpp; one that is none of Smooth's comes back as it is."""
    if sample_entry[4:8] != DFXP.encode():
        return sample_entry
    head = sample_entry[8 : 8 + _HEAD].ljust(_HEAD, b"\0")
    return box(STPP, head, _NAMESPACE + b"\0", b"\0", b"\0")


def _texts(data: bytes, entry: Atom) -> tuple[list[bytes], int]:
    """namespace, schema_location, auxiliary_mime_types, as far as they are there; their end."""
    found: list[bytes] = []
    at = entry.body + _HEAD
    while len(found) < 3:
        end = data.find(b"\0", at, entry.end)
        if end < 0:
            return found, entry.end
        found.append(data[at:end])
        at = end + 1
    return found, at


def _profile(behind: bytes) -> str:
    """The first profile that a mime box (14496-12 12.6.3.2) says: im1t, im2t, ...; else ""."""
    match = re.search(rb'mime\0{4}[^\0]*codecs="?(?:stpp\.ttml\.)?([a-z0-9]{4})', behind)
    return match[1].decode() if match else ""
