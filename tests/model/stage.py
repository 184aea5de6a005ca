"""What the machine acts on: one relay, its encoders, and what must hold when all is over."""

import sys
from fractions import Fraction
from math import ceil

from hypothesis.stateful import RuleBasedStateMachine

from relay.arrival import Sender
from relay.media import Kind
from tests.model.encoder import Encoder, Sent
from tests.model.house import House, Rules
from tests.model.ledger import Ledger
from tests.model.programme import Programme, header
from tests.model.setting import EPOCH, Setting

AHEAD = 5_000
"""ms by which an encoder's clock may be ahead of the relay's."""


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
        self.programme = Programme(setting.D, setting.names, setting.phase)
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
        if not self.ledger.old(sent, stream):
            encoder.behind.discard(track)
        elif track in encoder.behind:
            return
        else:
            encoder.behind.add(track)
        if self.begins_live(sent):
            self.connect(encoder, stream)
            self.ledger.deliver(sent, stream, honest=honest)

    def begins_live(self, sent: Sent) -> bool:
        """The clock goes on as the programme does, until there is a line: none begins ahead of it.

        Where time may not pass yet, what is ahead is not sent.
        """
        house, track = self.house, sent.fragment.track
        shown = Fraction(sent.fragment.end, track.timescale) * 1000 - house.utc - house.now
        if self.local or house.view.edge is not None or shown <= AHEAD:
            return True
        if self.learns and not self.free:
            return track.key.kind is Kind.VIDEO
        house.passes(ceil(shown))
        self.ledger.check()
        return True

    def connect(self, encoder: Encoder, stream: str) -> None:
        if stream not in encoder.connected:
            encoder.connected.add(stream)
            self.announce(encoder, stream)

    def announce(self, encoder: Encoder, stream: str) -> None:
        names = self.programme.names
        if encoder.apart:
            track = encoder.lines[stream].track
            names = (track.key.name,)
        self.house.header(Sender(encoder.name, stream), header(names))
        self.ledger.check()

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
        """Whatever happened: what a sound encoder sends now is published."""
        cell = self.edge()
        sound = Encoder("z", self.programme, apart=False, indexed=None, cell=cell)
        for _ in range(4):
            for track in self.tracks:
                self.send(sound, sound.next(track))
        self.leave(sound, clean=True)
        self.house.passes(60_000)
        self.ledger.check_quiet()
        for track in self.tracks:
            assert max(self.ledger.shown[track]) == self.ledger.index(sound.ahead(track) - 1)
