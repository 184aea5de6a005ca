"""What the streams of a publishing point begin with, and which configuration of a track counts.

The first header of a stream is canonical and pinned in the store; a later one is compared with it
by meaning. One that only adds tracks is pinned beside it. One that shows another configuration of
a track (another encoder setting: codec, size, channels) is

    refused    while another source still shows the known one: two pictures under one name would
               change places with every fragment. So is another timescale or handler, always
    a change   when nobody else does: the encoder was restarted with other settings

A change takes effect at an index, its `start`: the configuration of a track is a function of the
index, so a segment never needs to say under which it was made. `start` is above every index that
was numbered under the old configuration. Like a run it is a record of the store, `change/{n}`,
which competes there: all nodes agree on it, and a restart replays it.

Sans-IO. A source shows a configuration while one of its POSTs is open, and for `quiet` ms after its
last fragment, since some encoders send a POST for each.
"""

import base64
import json
from dataclasses import dataclass, field, fields
from hashlib import sha256

from relay.arrival import Sender
from relay.errors import HeaderDiffers, LimitReached
from relay.media import Header, Pin, Track

MOST_STREAMS = 64
MOST_TRACKS = 128
MOST_CHANGES = 256
MOST_SEEN = 1_024
"""(source, track) pairs whose last fragment is remembered."""

_FIXED = ("timescale", "handler", "parent")
"""What a change may not touch: the clock and the nature of a track."""


@dataclass(frozen=True, slots=True)
class Change:
    """From the index `start` on, the tracks of `header` are as it says."""

    number: int
    start: int
    stream: str
    header: bytes

    def pin(self) -> Pin:
        """The change as the store keeps it."""
        header = base64.b64encode(self.header).decode()
        said = {"start": self.start, "stream": self.stream, "header": header}
        return Pin(f"change/{self.number}", json.dumps(said).encode())

    @classmethod
    def read(cls, pin: Pin) -> "Change":
        """A change from its pin."""
        said = json.loads(pin.value)
        number = int(pin.name.partition("/")[2])
        header = base64.b64decode(said["header"])
        return cls(number, int(said["start"]), str(said["stream"]), header)


@dataclass(slots=True)
class Headers:
    """The headers of one point. `streams` by id, `tracks` by name in their newest configuration.

    `starts`: the first index of that configuration, where there was another before.
    """

    point: str
    streams: dict[str, Header] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    _changes: int = 0
    _shown: dict[Sender, Header] = field(default_factory=dict)
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    _wanted: dict[Sender, tuple[Header, int]] = field(default_factory=dict)
    _asked: Header | None = None

    def told(self, sender: Sender, header: Header, now: int, quiet: int) -> list[Pin]:
        """A sender's header came: the pins to put. Raises HeaderDiffers, LimitReached."""
        self._admit_now(header)
        changed = [told.track for told in header.tracks if self._differs(told.track)]
        for track in changed:
            self._admit(sender, self.tracks[track.name], track, now - quiet)
        fresh = [told.track.name for told in header.tracks if told.track.name not in self.tracks]
        canonical = self.streams.get(sender.stream)
        if canonical is None and len(self.streams) >= MOST_STREAMS:
            raise LimitReached(f"{self.point} has {MOST_STREAMS} streams already.")
        if len(self.tracks) + len(fresh) > MOST_TRACKS:
            raise LimitReached(f"{self.point} would have more than {MOST_TRACKS} tracks.")
        self._wanted.pop(sender, None)
        self._shown[sender] = header
        for track in changed:
            self._seen.pop((sender.source, track.name), None)  # it shows that one no more
        if changed:
            self._wanted[sender] = header, now  # pinned with its first fragment's index
            return []
        if canonical is not None and not fresh and not self._outdated(canonical):
            return []
        self._register(sender.stream, header)
        beside = "" if canonical is None else f"/{sha256(header.data).hexdigest()[:8]}"
        return [Pin(f"header/{sender.stream}{beside}", header.data)]

    def pinned(self, stream: str, header: Header) -> None:
        """The store says what a stream begins with."""
        self._register(stream, header)

    def saw(self, sender: Sender, track: str, now: int) -> None:
        """A fragment of the known configuration came."""
        key = (sender.source, track)
        self._seen.pop(key, None)
        self._seen[key] = now
        if len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def shows(self, sender: Sender) -> bool:
        """It has a POST open, and has shown its header in it."""
        return sender in self._shown

    def left(self, sender: Sender) -> None:
        """All POSTs of a sender are over."""
        self._shown.pop(sender, None)
        self._wanted.pop(sender, None)

    def changing(self, sender: Sender, now: int) -> list[str]:
        """The tracks that a sender has changed by a header that came before `now`."""
        asked = self._wanted.get(sender)
        if asked is not None and self._contested(sender, asked[0]):
            del self._wanted[sender]  # another came meanwhile, and shows it as it is known
        wanted, since = self._wanted.get(sender, (None, now))
        told = () if wanted is None or since > now else wanted.tracks
        return [one.track.name for one in told if self._differs(one.track)]

    def change(self, sender: Sender, start: int) -> Pin | None:
        """The pin of this sender's change, once: the next one waits for its answer."""
        wanted = self._wanted.get(sender)
        if wanted is None or self._asked is not None:
            return None
        self._asked = wanted[0]
        return Change(self._changes + 1, start, sender.stream, wanted[0].data).pin()

    def pinned_change(self, change: Change, header: Header) -> bool:
        """The store says what changed; False when that is known already."""
        if change.number <= self._changes:
            return False
        self._changes = change.number
        self._asked = None
        for told in header.tracks:
            if self._differs(told.track):
                self.starts[told.track.name] = change.start
            self.tracks[told.track.name] = told.track
        self.streams[change.stream] = header
        for sender, (wanted, _) in list(self._wanted.items()):
            if not self._outdated(wanted):
                del self._wanted[sender]
        return True

    def _register(self, stream: str, header: Header) -> None:
        canonical = self.streams.get(stream)
        if canonical is None or self._outdated(canonical):
            self.streams[stream] = header
        for told in header.tracks:
            self.tracks.setdefault(told.track.name, told.track)

    def _differs(self, track: Track) -> bool:
        return self.tracks.get(track.name, track) != track

    def _outdated(self, header: Header) -> bool:
        return any(self._differs(told.track) for told in header.tracks)

    def _showing(self, track: Track) -> set[str]:
        """The sources that show a track exactly so."""
        return {
            who.source
            for who, header in self._shown.items()
            if any(one.track == track for one in header.tracks)
        }

    def _contested(self, sender: Sender, wanted: Header) -> bool:
        """Another source shows a track as it is known, which this one would change."""
        known = (self.tracks[one.track.name] for one in wanted.tracks if self._differs(one.track))
        return any(self._showing(track) - {sender.source} for track in known)

    def _admit_now(self, header: Header) -> None:
        """Raise HeaderDiffers while the store has not yet said that it has changed otherwise."""
        asked = {one.track.name: one.track for one in self._asked.tracks} if self._asked else {}
        for told in header.tracks:
            name = told.track.name
            if told.track != asked.get(name, told.track):
                raise HeaderDiffers(
                    f"{name} is just being changed: {_difference(asked[name], told.track)}.",
                    hint="Give all encoders of a track the same settings.",
                )

    def _admit(self, sender: Sender, known: Track, told: Track, since: int) -> None:
        """Raise HeaderDiffers unless this configuration may follow the known one."""
        said = f"{told.name} is known otherwise: {_difference(known, told)}."
        if any(getattr(known, name) != getattr(told, name) for name in _FIXED):
            raise HeaderDiffers(
                said,
                hint="A running channel cannot change this: restore the setting, or reset it"
                f" (relay reset {self.point}).",
            )
        others = self._showing(known) | {
            source
            for (source, track), at in self._seen.items()
            if track == known.name and at > since
        }
        others.discard(sender.source)
        if others:
            raise HeaderDiffers(
                f"{said} {min(others)} still sends it as it was.",
                hint="Give all encoders of a track the same settings, or reset the channel"
                f" (relay reset {self.point}).",
            )
        if self._changes >= MOST_CHANGES:
            raise LimitReached(
                f"{self.point} has changed {MOST_CHANGES} times already.",
                hint=f"Reset the channel (relay reset {self.point}).",
            )


def _difference(known: Track, told: Track) -> str:
    said = [
        f"{field.name} {_shown(getattr(known, field.name))}"
        f" became {_shown(getattr(told, field.name))}"
        for field in fields(Track)
        if getattr(known, field.name) != getattr(told, field.name)
    ]
    return ", ".join(said)


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"of {len(value)} bytes ({sha256(value).hexdigest()[:6]})"
    return str(value)
