"""The state machine: whatever encoders, networks, clocks and crashes do, in any order."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from relay.runs import LEAP
from tests.model.seen import seen
from tests.model.setting import (
    DRIFTS,
    FAR,
    FEW,
    LOST,
    SETTINGS,
    SPLITS,
    VARIANTS,
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
        self.of(who).split(self.track(which), splits)

    @precondition(lambda self: self.free or not self.learns)
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
    @rule(who=WHO, which=WHICH, part=st.sampled_from([4, 8, 16]), far=st.integers(-2, 3))
    def poison(self, who: int, which: int, part: int, far: int) -> None:
        """A time is damaged: it is in the far future, or within the reach of a line that goes on.

        When nothing goes on, one within reach is where the line goes on: it cannot be told.
        """
        encoder, track = self.of(who), self.track(which)
        line, runs = self.house.timeline(track), self.house.point._runs
        if line is None or line.next is None or runs is None:
            return
        since = line._since(self.house.now)
        goes_on = line._suspects.goes(since) and any(at > since for at in runs._alive.values())
        if far >= 0 or goes_on:
            self.poisons += 1
            cells = FAR * 100**far + 10 * self.poisons if far >= 0 else 2 * LEAP * -far
            self.send(encoder, encoder.poison(track, cells, part), honest=False)

    @precondition(lambda self: self.free)
    @rule(who=WHO, which=WHICH)
    def corrupt(self, who: int, which: int) -> None:
        """What cannot be read is refused, and the POST with it."""
        encoder = self.of(who)
        encoder.next(self.track(which))
        self.leave(encoder, clean=False)

    @precondition(lambda self: self.free)
    @rule(who=WHO, first=st.sampled_from([0, 1, 7]))
    def reset_index(self, who: int, first: int) -> None:
        """Its own index, which means nothing any more, counts from the beginning again."""
        encoder = self.of(who)
        encoder.indexed = first - min(map(encoder.ahead, self.tracks))

    @precondition(lambda self: self.free)
    @rule(who=WHO, variants=VARIANTS, ms=st.sampled_from([0, 1600, 7000]), clean=st.booleans())
    def reconfigure(self, who: int, variants: tuple[int, int], ms: int, clean: bool) -> None:
        """An encoder is restarted with other settings, while others go on or not."""
        encoder = self.of(who)
        self.leave(encoder, clean=clean)
        self.pass_time(ms)
        self.configure(encoder, variants)
        for stream in sorted(encoder.streams()):
            if not self.connect(encoder, stream):
                break

    @precondition(lambda self: self.free)
    @rule(variants=VARIANTS, clean=st.booleans(), skipped=st.sampled_from([0, 0, 3, 30]))
    def reconfigure_all(self, variants: tuple[int, int], clean: bool, skipped: int) -> None:
        """All encoders are, together, and are back some cells later."""
        for encoder in self.encoders:
            self.leave(encoder, clean=clean)
        self.pass_time(7_000)
        for encoder in self.encoders:
            self.configure(encoder, variants)
            for track in self.tracks:
                encoder.skip(track, skipped)

    @rule(who=WHO)
    def prefer(self, who: int) -> None:
        """The operator prefers a source, or none any more."""
        name = self.of(who).name
        self.house.preferring(None if self.house.prefer == name else name)
        self.ledger.check()

    @rule(who=WHO)
    def lose_input(self, who: int) -> None:
        """Its next cells are a slate; or its input is back."""
        encoder = self.of(who)
        encoder.slate = not encoder.slate

    @rule(who=WHO, cells=st.integers(-6, 6), sixteenths=st.integers(0, 15))
    def cue(self, who: int, cells: int, sixteenths: int) -> None:
        encoder = self.of(who)
        self.signal(encoder, encoder.ahead(self.tracks[0]) + cells, sixteenths)

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
