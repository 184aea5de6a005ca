"""What the events of a sparse track signal: the neutral value that every output is made from.

A sparse fragment tells when its message arrived; the message is about another, later moment. Known
payloads (they are told by their first bytes, since encoders label them alike):

    0x00000001   a struct: version 1, id, presentation_time_delta, then the message. The moment is
                 the fragment's time plus the delta, in ticks of the track
    0xFC         a bare splice_info_section
    < or a BOM   XML that carries a section in base64 (`packagers.signals.xml_signal`)

Where no delta is said, the moment is what the section's own PTS says if that, unwrapped, lies near
the fragment's time, as with encoders whose PTS and media time are one clock; else it is the
fragment's time. Anything else is opaque, and a signal that nobody reads: it goes up and to Smooth
players as it came. So does what claims to be a cue and is damaged; that has a `fault`.

Equal moment and id make one signal (`merged`), sent again or sent by two encoders: the first, as
long as the later ones say the same, else the last of them, which is an update. Moments may differ
by a millisecond, since encoders convert 90 kHz to ticks each in its own way.

All is a function of stored bytes: every relay that has the event reads the same.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from zlib import crc32

from packagers.signals import scte35, xml_signal
from packagers.signals.scte35 import CLOCK, PTS_WRAP, Command, SectionInvalid, Splice
from relay.errors import EncoderError
from relay.media import Copy, Track
from relay.mp4.fragment import layout, parse_moof
from relay.mp4.walk import Budget, children, first

MOST_MESSAGES = 16
"""In one fragment; more are not read."""
LONGEST = 64 * 1024
"""Bytes of a message that is looked at."""

_BOXES = 16
_STRUCT = (1).to_bytes(4, "big")
_NEAR = range(-1, 61)
"""Seconds from a fragment's time to the moment that a bare section's PTS may mean."""
_SAME = Fraction(1, 1000)
_IDLE = frozenset((Command.NULL, Command.BANDWIDTH))


@dataclass(frozen=True, slots=True)
class Signal:
    """One message on the timeline. Times in seconds since 1970, exact: what players see.

    track     trackName of the sparse track;  id  unsigned 32-bit, of the message
    arrived   the fragment's time: by then it was known
    begins    the moment that it is about
    duration  of what begins there, None when not said
    message   as sent, without the struct in front
    splice    the cue, None when it is none that can be read;  fault  why not, of one that should be
    seen      last index that each rendition had when the event became visible, by name
    """

    track: str
    id: int
    arrived: Fraction
    begins: Fraction
    duration: Fraction | None
    message: bytes
    splice: Splice | None = None
    fault: str = ""
    seen: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> int:
        """32 bits that name it in every relay: two moments of one id are two signals."""
        told = f"{self.track}/{self.id}/{round(self.begins * 1000)}"
        return crc32(told.encode())


def read(
    track: Track, copy: Copy, data: bytes, epoch: int, seen: Mapping[str, int] | None = None
) -> tuple[Signal, ...]:
    """The signals in a stored event: `data` is its fragment, `epoch` that of its run, `seen` as in
    Signal.

    Never raises for what a sender wrote: a fragment that cannot be read is a signal with a fault.
    """
    arrived, seen = Fraction(copy.time, track.timescale), seen or {}
    try:
        stated, messages = _messages(data)
    except EncoderError as error:
        fault = f"its fragment cannot be read: {error.message}"
        at = arrived + epoch
        return (Signal(track.key.name, 0, at, at, None, b"", None, fault, seen),)
    length = Fraction(stated or copy.duration, track.timescale) or None
    return tuple(
        replace(_signal(track, arrived, length, message, epoch), seen=seen)
        for message in messages[:MOST_MESSAGES]
    )


def merged(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Each (track, moment, id) once, in order of their moments; opaque ones are left out."""
    said = [signal for signal in signals if signal.splice is not None]
    said.sort(key=lambda signal: (signal.track, signal.id, signal.begins, signal.arrived))
    kept: list[Signal] = []
    for group in _groups(said):
        ordered = sorted(group, key=lambda signal: (signal.arrived, signal.begins))
        last = ordered[-1]
        kept.append(next(one for one in ordered if one.message == last.message))
    return tuple(sorted(kept, key=lambda signal: (signal.begins, signal.track, signal.id)))


def _groups(said: Sequence[Signal]) -> Iterator[list[Signal]]:
    group = list(said[:1])
    for before, signal in pairwise(said):
        same = (before.track, before.id) == (signal.track, signal.id)
        if not same or signal.begins - before.begins > _SAME:
            yield group
            group = []
        group.append(signal)
    if group:
        yield group


def _messages(data: bytes) -> tuple[int, list[bytes]]:
    """The duration that the fragment states, 0 if none, and each sample. Raises EncoderError."""
    atoms = children(data, 0, len(data), Budget(_BOXES))
    head, media = first(atoms, "moof"), first(atoms, "mdat")
    if head is None or media is None:
        return 0, []
    moof = parse_moof(data[head.start : head.end])
    (ranges,) = layout(moof, media.end - media.body)
    traf = moof.tracks[0]
    found = []
    sizes = iter(traf.samples.sizes)
    for run, (start, _) in zip(traf.runs, ranges, strict=True):
        at = media.body + start
        for _ in range(run.samples.count):
            size = next(sizes)
            found.append(data[at : at + size])
            at += size
    return traf.tfxd.duration if traf.tfxd is not None else 0, found


def _signal(
    track: Track, arrived: Fraction, length: Fraction | None, message: bytes, epoch: int
) -> Signal:
    delta, said = None, None
    if message[:4] == _STRUCT and len(message) > 12:
        said = int.from_bytes(message[4:8], "big")
        delta = Fraction(int.from_bytes(message[8:12], "big"), track.timescale)
        message = message[12:]
    splice, fault = _splice(message)
    if delta is None:
        delta = _until(splice, arrived)
    if said is None:
        said = splice.event_id if splice is not None else None
        said = crc32(message) if said is None else said
    if splice is not None and splice.duration:
        length = splice.duration
    begins = max(arrived + delta + epoch, Fraction(0))
    return Signal(track.key.name, said, arrived + epoch, begins, length, message, splice, fault)


def _splice(message: bytes) -> tuple[Splice | None, str]:
    """The cue in a message, else why there is none, "" if it never said that there was one."""
    if len(message) > LONGEST:
        return None, f"a message of {len(message)} bytes is not looked at"
    try:
        if message[:1] == bytes((scte35.TABLE_ID,)):
            return scte35.parse(message), ""
        if xml_signal.is_xml(message):
            section = xml_signal.section(message)
            return (None, "") if section is None else (scte35.parse(section), "")
    except SectionInvalid as error:
        return None, f"no splice_info_section: {error}"
    return None, ""


def _until(splice: Splice | None, arrived: Fraction) -> Fraction:
    """Seconds from a fragment's time to the moment that a section without a struct is about."""
    if splice is None or splice.pts is None:
        return Fraction(0)
    late = (splice.pts - arrived * CLOCK + PTS_WRAP // 2) % PTS_WRAP - PTS_WRAP // 2
    until = late / CLOCK
    return until if _NEAR.start <= until < _NEAR.stop else Fraction(0)


def cues(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Those that HLS has words for: not idle, and not taken back before their moment came.

    A cancellation (9.7.3, 10.3.3.1) is none itself.
    """
    said = [(s, s.splice) for s in signals if s.splice and s.splice.command not in _IDLE]
    taken: dict[tuple[str, int | None], list[Fraction]] = {}
    for signal, splice in said:
        if splice.cancel:
            insort(taken.setdefault((signal.track, splice.event_id), []), signal.arrived)
    kept = []
    for signal, splice in said:
        times = taken.get((signal.track, splice.event_id), [])
        at = bisect_left(times, signal.arrived)
        if not splice.cancel and not (at < len(times) and times[at] <= signal.begins):
            kept.append(signal)
    return tuple(kept)
