"""moof and mdat: taken apart, restamped, stored, and packaged for every kind of player.

What the door lets in is what players are served from the store, so here it goes all the way: a
fragment that passes has to come out of every packager, or be refused by it in the declared way.
"""

import contextlib
from collections.abc import Iterator

from packagers import cmaf, ttml
from packagers.signals import signal
from packagers.smooth import fragment as smooth
from relay.errors import BoxInvalid, EncoderError, FragmentInvalid
from relay.media import Copy, Kind, SampleDefaults, Track, TrackKey
from relay.mp4 import iso, recording
from relay.mp4.walk import Budget, children
from tests.fuzz.target import Target
from tests.mp4 import recorded
from tests.packagers.signals import cue_messages

VIDEO = Track(TrackKey(Kind.VIDEO, "video", 1), 10_000_000, "vide", b"\0\0\0\x08avc1", "avc1.1")
TEXT = Track(TrackKey(Kind.TEXT, "text", 0), 10_000_000, "subt", b"\0\0\0\x08stpp", "stpp.ttml")
CUES = cue_messages.CUES
DEFAULTS = {1: SampleDefaults(512, 9, 0), 2: SampleDefaults()}


def _run(data: bytes) -> None:
    with contextlib.suppress(EncoderError):
        recording.read(data)
    try:
        atoms = children(data, 0, len(data), Budget(64))
    except EncoderError:
        return
    moof = next((data[a.start : a.end] for a in atoms if a.type == "moof"), b"")
    mdat = next((data[a.start : a.end] for a in atoms if a.type == "mdat"), b"")
    if not moof or not mdat:
        return
    try:
        items = iso.separate(moof, mdat, DEFAULTS, {1: 1 << 40})
    except (BoxInvalid, FragmentInvalid):
        return
    for track_id, meaning, parts in items:
        assert meaning.samples.count <= 10_000
        _stored(track_id, b"".join(parts))


def _stored(track_id: int, stored: bytes) -> None:
    """What is stored means the same without the stream that it came from."""
    size = int.from_bytes(stored[:4], "big")
    ((again, meaning, parts),) = iso.separate(stored[:size], stored[size:], {})
    assert again == track_id
    assert b"".join(parts) == stored, "taken apart once more it changes"
    for marks in (iso.Marks(), iso.Marks(shift=-7, index=9), iso.Marks(defaults=DEFAULTS[1])):
        with contextlib.suppress(FragmentInvalid):
            moof = iso.restamp(stored[:size], 77, track_id, marks)
            (moved,) = iso.parse_moof(moof).tracks
            assert moved.samples == meaning.samples, "restamped it has other samples"
    time = meaning.decode_time
    if time is None:
        return
    for track in (VIDEO, TEXT):
        with contextlib.suppress(EncoderError):
            made = b"".join(cmaf.segment(track, stored, 5, 1_700_000_000))
            children(made, 0, len(made), Budget(4096))
        with contextlib.suppress(EncoderError):
            following = [(1 << 62, 1 << 40)]
            b"".join(smooth.fragment(stored, 5, (abs(time) & (1 << 62) - 1, 9), following))
        with contextlib.suppress(EncoderError):
            ttml.smooth_data(track, stored)
    copy = Copy(CUES.name, 0, 1, time, meaning.samples.duration, 1, "a", 0, len(stored))
    for said in signal.read(CUES, copy, stored, 0):
        assert said.begins >= 0
    smooth.event(stored)


def _seeds() -> Iterator[bytes]:
    for name in recorded.BODIES:
        for moof, mdat in list(recorded.pairs(name))[:2]:
            if len(moof) + len(mdat) < 16_000:
                yield moof + mdat
    message = cue_messages.insert(7, out=True, pts=90_000, seconds=30)
    yield cue_messages.event(0, cue_messages.struct(1, 0, message))[1]
    text = b'<tt xmlns="http://www.w3.org/ns/ttml"><body begin="0s" end="1s"/></tt>'
    yield cue_messages.event(9_000, text)[1]


WORDS = (b"moof", b"mdat", b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun", b"senc", b"saiz", b"saio")
FRAGMENTS = Target("fragments", _run, _seeds, WORDS, longest=16 * 1024)
