"""What the machine acts on: one relay, its encoders, and what must hold when all is over."""

import sys
from math import ceil

from hypothesis.stateful import RuleBasedStateMachine

from relay.arrival import Sender
from relay.errors import HeaderDiffers
from relay.media import Fragment, Kind
from relay.runs import SILENCE
from tests.model.clock import ahead, early
from tests.model.cues import check_cues, floor
from tests.model.encoder import Encoder, Sent
from tests.model.house import House, Rules
from tests.model.ledger import Ledger
from tests.model.programme import Programme
from tests.model.seen import seen
from tests.model.setting import EPOCH, Setting


class Stage(RuleBasedStateMachine):
    """One relay, two or three encoders."""

    house: House
    ledger: Ledger
    encoders: list[Encoder]
    learns: bool
    local: bool
    poisons: int

    def begins(self, setting: Setting) -> None:
        """The relay is started; the encoders are about to be."""
        self.local = setting.local
        self.learns = setting.learns and setting.names[0].startswith("video")
        self.programme = Programme(setting.D, setting.names, setting.phase, setting.cues)
        rules = Rules(None if self.learns else setting.D, setting.base)
        self.house = House(rules, EPOCH * 1000, setting.stalls)
        self.ledger = Ledger(self.house, self.programme.lines)
        self.poisons = 0
        self.encoders = [
            Encoder(
                "abc"[at],
                self.programme,
                bool(setting.apart >> at & 1),
                setting.base if setting.indexed >> at & 1 and not setting.phase else None,
                setting.first + start,
            )
            for at, start in enumerate(setting.starts)
        ]
        self.tracks = list(self.programme.lines)

    @property
    def free(self) -> bool:
        """The grid is known, so nothing that is sent can teach a wrong one."""
        return self.house.point.grid is not None

    def of(self, who: int) -> Encoder:
        return self.encoders[who % len(self.encoders)]

    def track(self, which: int) -> str:
        return self.tracks[which % len(self.tracks)]

    def send(self, encoder: Encoder, sent: Sent, *, honest: bool = True) -> None:
        """Send it, unless it would be the second in a row that looks like a restarted clock."""
        track = sent.span.track
        stream = encoder.sender(track).stream
        if not self.ledger.promises.old(sent, stream):
            encoder.behind.discard(track)
        elif track in encoder.behind:
            return
        else:
            encoder.behind.add(track)
        if not self.begins_live(sent) or not self.connect(encoder, stream):
            return
        if self.ledger.deliver(sent, stream, honest=honest) is not None:
            self.gives_in(encoder)

    def begins_live(self, sent: Sent) -> bool:
        """The clock goes on as the programme does, until there is a line: none begins ahead of it.

        Where time may not pass yet, what is ahead is not sent.
        """
        if not early(self.house, sent):
            return True
        if self.learns and not self.free:
            return sent.fragment.track.key.kind is Kind.VIDEO
        self.house.passes(ceil(ahead(self.house, sent)))
        self.ledger.check()
        return True

    def connect(self, encoder: Encoder, stream: str) -> bool:
        """It is connected; else it was refused, and takes the settings of the others."""
        if stream in encoder.connected:
            return True
        if self.announce(encoder, stream):
            encoder.connected.add(stream)
            return True
        self.gives_in(encoder)
        return False

    def announce(self, encoder: Encoder, stream: str) -> bool:
        """Its header comes; whether it is taken. Refused, it changes nothing."""
        unlike = self.ledger.changes.unlike(encoder, stream)
        others = [other for other in self.encoders if other is not encoder]
        since = self.house.now - ceil(SILENCE * self.programme.D * 1000)
        surely, perhaps = self.ledger.changes.held_by(others, unlike, since)
        before = seen(self.house.view), len(self.house.puts)
        try:
            self.house.header(Sender(encoder.name, stream), encoder.header(stream))
        except HeaderDiffers:
            assert perhaps, "nobody else shows it otherwise"
            assert (seen(self.house.view), len(self.house.puts)) == before
            return False
        assert not surely, f"{unlike} would be two things at once"
        self.ledger.changes.told(encoder.name, unlike)
        self.ledger.check()
        return True

    def configure(self, encoder: Encoder, variants: tuple[int, int]) -> None:
        """Its first track is another, and all others."""
        first, others = variants
        made = dict.fromkeys(self.tracks, others)
        encoder.configure({**made, self.tracks[0]: first})

    def gives_in(self, encoder: Encoder) -> None:
        """It was refused: its operator gives it the settings that the others have."""
        self.leave(encoder, clean=False)
        encoder.configure(self.ledger.changes.variants())

    def signal(self, encoder: Encoder, cell: int, sixteenths: int) -> None:
        """It sends a cue, on any of its streams."""
        stream = min(encoder.connected or encoder.streams())
        if not self.programme.cues or not self.connect(encoder, stream):
            return
        event = self.programme.event(cell, sixteenths)
        before = floor(self.house, event.track)
        self.house.fragment(Sender(encoder.name, stream), event)
        after = floor(self.house, event.track)
        if self.numbered(event) and self.ledger.index(cell) >= max(before, after):
            # Under which index depends on the phase, which may have been learnt from a late clock.
            name, end = f"event/{event.track.name}/", f"/{event.time}"
            known = [key for key in self.house.store if isinstance(key, str)]
            assert any(k.startswith(name) and k.endswith(end) for k in known), f"{event} is lost"
        self.ledger.check()
        check_cues(self.house, event.track.name)

    def numbered(self, event: Fragment) -> bool:
        """It has a number: the grid is known, and it is not before its beginning."""
        grid = self.house.point.grid
        return grid is not None and grid.sparse_index(event.time, event.track.timescale) >= 0

    def leave(self, encoder: Encoder, *, clean: bool) -> None:
        self.ledger.broken(encoder.name, clean=clean)
        for stream in sorted(encoder.connected):
            self.house.ended(Sender(encoder.name, stream), clean=clean)
            self.ledger.check()
        encoder.connected.clear()

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None or not hasattr(self, "house"):
            return
        if self.learns and not self.free:
            return  # audio alone would have to teach the grid, and knows it less well
        for encoder in self.encoders:
            self.leave(encoder, clean=True)
        self.house.passes(60_000)
        self.ledger.check_quiet()
        self.goes_on()

    def edge(self) -> int:
        """The first cell that nobody has sent yet."""
        return max(encoder.ahead(track) for encoder in self.encoders for track in self.tracks)

    def goes_on(self) -> None:
        """Whatever happened: what a sound encoder sends now is published.

        A damaged time that came when nobody went on is where the line is, if it is within reach.
        """
        lines = self.house.view.timelines.values()
        cell = max(self.edge(), *((line.next or 0) - self.house.rules.base for line in lines), 0)
        sound = Encoder("z", self.programme, apart=False, indexed=None, cell=cell)
        sound.configure(self.ledger.changes.variants())
        for _ in range(4):
            for track in self.tracks:
                self.send(sound, sound.next(track))
        self.leave(sound, clean=True)
        self.house.passes(60_000)
        self.ledger.check_quiet()
        check_cues(self.house, self.programme.sparse.name)
        for track in self.tracks:
            assert max(self.ledger.shown[track]) == self.ledger.index(sound.ahead(track) - 1)
