"""Which segments may tell of an event is decided by the order of the members, and so for ever."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media import Copy, Kind, Member, Pin
from relay.view import View
from tests.streams import Said, Stream
from tests.test_view import NAMES, PINS, member, view

CUES = Said(Kind.TEXT, "cues", 0, more=(("parentTrackName", "video"), ("manifestOutput", "true")))
PIN = Pin("header/cues", Stream([CUES]).header())
TRACK = "cues-0"


def cue(seconds: int) -> Copy:
    time = seconds * CUES.scale
    return replace(member(TRACK, seconds // 2), time=time, duration=0, event=True)


def after(members: list[Member]) -> View:
    made = view()
    made.replay(members, 0)
    return made


def test_an_event_is_told_by_what_is_published_after_it_could_be_seen() -> None:
    media = [member(name, index) for index in range(5, 9) for name in NAMES]
    shown = after([*PINS, PIN, cue(13), *media])
    # It is seen when the video of 14 s, index 7, has its place, which tells of it already.
    assert shown.presentation.since == {(TRACK, 0, 13 * CUES.scale): {NAMES[0]: 6, NAMES[1]: 6}}
    late = after([*PINS, PIN, *media, cue(13)])
    assert late.presentation.since == {(TRACK, 0, 13 * CUES.scale): {NAMES[0]: 8, NAMES[1]: 8}}


def test_where_the_parent_begins_everything_may_tell_of_what_came_before() -> None:
    shown = after([*PINS, PIN, cue(13), member(NAMES[1], 7), member(NAMES[0], 7)])
    assert shown.presentation.since == {(TRACK, 0, 13 * CUES.scale): {}}


@settings(max_examples=60)
@given(
    st.permutations([*((name, index) for name in NAMES for index in range(5, 10)), "cue", "cue 2"])
)
def test_a_restart_tells_alike(order: list[object]) -> None:
    stored: list[Member] = [*PINS, PIN]
    line = after(stored)
    for what in order:
        match what:
            case (str(name), int(index)):
                arrived = member(name, index)
            case _:
                arrived = cue(13 if what == "cue" else 16)
        timeline = line.timelines.get(arrived.track)
        if arrived.event or timeline is None or arrived.index >= (timeline.next or 0):
            stored.append(arrived)
            line.apply(arrived, 0)
    again = after(stored)
    assert again.presentation.since == line.presentation.since
    assert again.presentation.events == line.presentation.events
