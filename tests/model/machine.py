"""The state machine: whatever encoders, networks, clocks and crashes do, in any order."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.model.ledger import seen
from tests.model.setting import (
    DRIFTS,
    FAR,
    FEW,
    LOST,
    SETTINGS,
    SPLITS,
    WHICH,
    WHO,
    Setting,
)
from tests.model.stage import Stage


class Relay(Stage):
    """One relay, two or three encoders."""

    @initialize(setting=SETTINGS)
    def begin(self, setting: Setting) -> None:
        self.begins(setting)

    @rule(who=WHO, which=WHICH)
    def deliver(self, who: int, which: int) -> None:
        encoder = self.of(who)
        self.send(encoder, encoder.next(self.track(which)))

    @rule(who=WHO, cells=FEW, ms=st.sampled_from([0, 10, 600]), lost=LOST)
    def deliver_all(self, who: int, cells: int, ms: int, lost: int) -> None:
        """Some cells of all tracks; of the fragments, those whose bit is set are lost."""
        encoder = self.of(who)
        for _ in range(cells):
            for track in self.tracks:
                cell = encoder.ahead(track)
                while encoder.ahead(track) == cell:
                    sent = encoder.next(track)
                    if not (self.free and lost & 1):
                        self.send(encoder, sent)
                    lost >>= 1
            if ms and (self.free or not self.learns):
                self.pass_time(ms)

    @rule(cells=FEW, lag=st.sampled_from([0, 20, 400]))
    def deliver_together(self, cells: int, lag: int) -> None:
        """All encoders send the same cells, as they should."""
        ahead = self.edge()
        for cell in range(ahead, ahead + cells):
            for encoder in self.encoders:
                for track in self.tracks:
                    if self.free:
                        encoder.skip(track, cell - encoder.ahead(track))
                    while encoder.ahead(track) <= cell or encoder.within(track):
                        self.send(encoder, encoder.next(track))
                if lag and self.free:
                    self.pass_time(lag)

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH, cells=FEW)
    def skip(self, who: int, which: int, cells: int) -> None:
        self.of(who).skip(self.track(which), cells)

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH)
    def drop(self, who: int, which: int) -> None:
        self.of(who).next(self.track(which))

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH)
    def withhold(self, who: int, which: int) -> None:
        encoder = self.of(who)
        encoder.stash.append(encoder.next(self.track(which)))

    @rule(who=WHO, which=WHICH)
    def deliver_late(self, who: int, which: int) -> None:
        encoder = self.of(who)
        if encoder.stash:
            self.send(encoder, encoder.stash.pop(which % len(encoder.stash)))

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH)
    def duplicate(self, who: int, which: int) -> None:
        encoder = self.of(who)
        for sent in encoder.last(self.track(which))[-1:]:
            self.send(encoder, sent)

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH, splits=SPLITS)
    def split(self, who: int, which: int, splits: list[int]) -> None:
        encoder = self.of(who)
        track = self.track(which)
        # An index of the encoder's own holds for the whole cell, whatever begins in its end.
        kept = [at for at in splits if encoder.indexed is None or at < 14]
        encoder.split(track, kept)

    @rule(who=WHO, drift=DRIFTS)
    def drift(self, who: int, drift: int) -> None:
        self.of(who).drift = drift

    @rule(who=WHO, clean=st.booleans())
    def end(self, who: int, clean: bool) -> None:
        self.leave(self.of(who), clean=clean)

    @precondition(lambda self: self.free)
    @rule(
        who=WHO,
        which=WHICH,
        ms=st.sampled_from([0, 100, 1400, 1600]),
        how=st.sampled_from("rrla"),
        part=st.sampled_from([0, 4, 8, 13]),
    )
    def restart(self, who: int, which: int, ms: int, how: str, part: int) -> None:
        """Broken off, in mid-cell; back after a while, resending, or live, or the cell anew."""
        track = self.track(which)
        if part:
            self.split(who, which, [part // 2, part])
            for _ in range(1 if part == 4 else 2):
                self.send(self.of(who), self.of(who).next(track))
        encoder = self.of(who)
        self.leave(encoder, clean=False)
        self.pass_time(ms)
        for track in self.tracks:
            if how == "l" and encoder.within(track):
                encoder.skip(track, 1)
            elif how == "a":
                encoder.again(track)
            if how != "l":
                for sent in encoder.last(track):
                    if not (how == "a" and sent.cell == encoder.ahead(track)):
                        self.send(encoder, sent)

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH, part=st.sampled_from([4, 8, 16]), far=st.integers(0, 3))
    def poison(self, who: int, which: int, part: int, far: int) -> None:
        encoder, track = self.of(who), self.track(which)
        line = self.house.timeline(track)
        if line is not None and line.next is not None:
            self.poisons += 1
            cells = FAR * 100**far + 10 * self.poisons
            self.send(encoder, encoder.poison(track, cells, part), honest=False)

    @precondition(lambda self: self.free)
    @rule(cells=st.integers(20, 60))
    def jump(self, cells: int) -> None:
        """The clock of all sources jumps forward."""
        for encoder in self.encoders:
            for track in self.tracks:
                encoder.skip(track, cells)

    @precondition(lambda self: self.free or not self.learns)
    @rule(ms=st.sampled_from([1, 40, 500, 1499, 1500, 1501, 4000]))
    def pass_time(self, ms: int) -> None:
        self.house.passes(ms)
        self.ledger.check()

    @rule()
    def crash(self) -> None:
        before, updated = seen(self.house.view), self.house.presentation.updated
        for encoder in self.encoders:
            encoder.connected.clear()
        self.house.crash()
        assert seen(self.house.view) == before, "a restart shows something else"
        # The newest arrival may have been a gap's, far behind, which the store has forgotten.
        assert self.house.presentation.updated <= updated
        self.ledger.crashed()
        self.ledger.check()

    @rule(who=WHO)
    def repeat_header(self, who: int) -> None:
        encoder = self.of(who)
        for stream in sorted(encoder.connected):
            self.announce(encoder, stream)
