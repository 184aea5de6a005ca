"""Everything that is amiss on a channel at this moment, under the code words of log and journal.

A function of what the rooms hold, so that an alarm can neither be missed nor left standing: it is
there while its cause is. What only happens (a hole, a loss) counts as standing while its counter
rises, and for `history.CLEARING` after that. Sans-IO.
"""

from collections import Counter

from relay.annunciator.history import Amiss, Key
from relay.channel import Channel
from relay.diagnosis.protection import DOWN, PROTECTED, alive_since, copies_of, protection
from relay.diagnosis.tally import BEHIND, DIFFERS, WELL
from relay.timekeeping import ClockState

SETTLE = 5_000
"""ms that a source's copies have to be late, different ..: one fragment is an accident."""

_PROTECTION = {
    "EXPOSED": "a track comes from one source only: losing it interrupts the channel",
    "DOWN": "nobody delivers: look at the encoders, and at what they were told last",
}
_STATES = {
    DIFFERS: "its copies are unlike the published ones, so they are no spare",
    BEHIND: "it sends what was published long ago: its clock went back, or it plays out a buffer",
    "late": "its copies come after their place is past: look at its delay, or set more patience",
    "fill": "its copies come after their place was given up: look at its delay",
    "flood": "it sends too many events at once: the excess is dropped",
    "partial": "its fragments break off in the middle",
    "suspect": "its times are so far ahead that they wait for others to agree: look at its clock",
}


def clock_off(state: ClockState, tolerance: float) -> dict[Key, Amiss]:
    """What is amiss with the clock of this machine. `tolerance` in seconds, 0: nothing ever."""
    if state.offset is None or not state.amiss(tolerance):
        return {}
    how = "ahead" if state.offset > 0 else "behind"
    text = (
        f"the clock of this machine is {abs(state.offset):.3f} s {how}, says {state.by}: mend its"
        " time service, or encoders that are right will be told that they are wrong"
    )
    return {Key("CLOCK", "", "host"): Amiss(text, f"{state.offset:+.3f} s", f"{tolerance:g} s")}


class Eye:
    """Looks at channels. It remembers counters only, to see them rise."""

    def __init__(self) -> None:
        self._counted: Counter[Key] = Counter()

    def on(self, channel: Channel, utc: int, *, settled: bool = True) -> dict[Key, Amiss]:
        """What is amiss on a channel. `utc` in ms since 1970.

        `settled`: the relay runs long enough for encoders to have come back.
        """
        name = channel.name
        found: dict[Key, Amiss] = {}
        if channel.failed:
            text = "a fault of the relay has ended it: start the relay again, and report the log"
            found[Key("CHANNEL_FAILED", name, "")] = Amiss(text)
        if settled and not channel.failed:
            found |= _protected(channel, utc)
        if channel.store.degraded:
            found[Key("STORE_DEGRADED", name, "store")] = Amiss(channel.store.degraded)
        if channel.unlike:
            text = f"its peer numbers otherwise: {channel.unlike}"
            found[Key("PEER_DIFFERS", name, "peer")] = Amiss(text)
        elif channel.alone:
            text = f"it numbers on its own, and not as its peer: relay reset {name} --join"
            found[Key("WITHOUT_PEER", name, "peer")] = Amiss(text)
        for (code, subject), said in channel.diagnosis.alarms.standing.items():
            figures = said.measured, said.configured
            found[Key(code, name, subject)] = Amiss(said.text, *figures, said.grave)
        found |= _sources(channel, utc)
        return found | self._upstreams(channel) | self._gaps(channel)

    def _upstreams(self, channel: Channel) -> dict[Key, Amiss]:
        found: dict[Key, Amiss] = {}
        for name, stands in channel.upstreams.items():
            standing = stands()
            if standing.failing:
                behind = f"{standing.backlog} fragments, {standing.seconds:.1f} s behind"
                text = f"{name}: does not take it, and is tried again: {standing.reason}"
                found[Key("UPSTREAM_RETRYING", channel.name, name)] = Amiss(text, behind, "0 s")
            key = Key("UPSTREAM_LOST", channel.name, name)
            if lost := self._rise(key, standing.lost):
                text = f"{name}: fragments left the window, or the store, before they could go up"
                found[key] = Amiss(text, f"{lost} fragments", "0 fragments")
        return found

    def _gaps(self, channel: Channel) -> dict[Key, Amiss]:
        found: dict[Key, Amiss] = {}
        for track, count in channel.gaps.items():
            key = Key("TIMELINE_GAP", channel.name, track)
            if missing := self._rise(key, count):
                text = f"{track}: nobody delivered fragments in time"
                found[key] = Amiss(text, f"{missing} fragments", "0 fragments")
        return found

    def _rise(self, key: Key, count: int) -> int:
        """By how much a counter has risen since the last look. One that fell was begun anew."""
        before, self._counted[key] = self._counted[key], count
        return max(0, count - before)


def _protected(channel: Channel, utc: int) -> dict[Key, Amiss]:
    since = alive_since(channel.presentation.grid, channel.rules.patience, utc)
    live = [len(sources) for sources in copies_of(channel.diagnosis.tally, since).values()]
    word = protection(live)
    if word == PROTECTED:
        return {}
    measured = "0 sources" if word == DOWN else "1 source"
    key = Key(f"CHANNEL_{word}", channel.name, "")
    return {key: Amiss(_PROTECTION[word], measured, "2 sources")}


def _sources(channel: Channel, utc: int) -> dict[Key, Amiss]:
    tally = channel.diagnosis.tally
    since = alive_since(channel.presentation.grid, channel.rules.patience, utc)
    found: dict[Key, Amiss] = {}
    for (source, track), arrival in tally.last.items():
        state = tally.state(source, track)
        if state == WELL or arrival < since:
            continue
        text = f"{source}, {track}: {_STATES.get(state, state)}"
        key = Key(f"SOURCE_{state.upper()}", channel.name, f"{source}, {track}")
        found[key] = Amiss(text, settle=SETTLE)
    return found
