"""A view is a function of the members that were put: replayed, it is the same."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.gathering import Offer
from relay.ingest.smooth import Session
from relay.media import Copy, Gap, Header, Member, Pin
from relay.mp4.reader import BoxReader
from relay.news import Begun, GridPinned, HeaderPinned, Holes, Measured, RunPinned
from relay.numbering import Grid
from relay.presentation import Presentation
from relay.runs import Run
from relay.view import View
from tests.model.programme import CUES, header
from tests.pieces import GRID

CAPTURE = Path(__file__).parent / "captures" / "ff9-av" / "req001.body"


def recorded() -> Header:
    session = Session("main")
    for box in BoxReader().feed(CAPTURE.read_bytes()[:20_000]):
        for found in session.take(box):
            if isinstance(found, Header):
                return found
    raise AssertionError("no header")


HEADER = recorded()
NAMES = [told.track.name for told in HEADER.tracks]
PINS = [Pin("header/main", HEADER.data), Pin("grid", GRID.encode())]
TICKS = 10_000_000


def member(track: str, index: int, *, size: int = 10) -> Copy:
    time = index * 2 * TICKS
    return Copy(track, 0, index, time, 2 * TICKS, 50, "a", index, size)


def view(window: int = 120) -> View:
    return View(Presentation("news", Grid(Fraction(2)), Fraction(window)), patience=1500)


def told(view: View, members: Sequence[Member], now: int = 0) -> list[object]:
    return [item for each in members for item in view.apply(each, now)]


def shown(view: View) -> list[tuple[str, list[tuple[int, bool]], int]]:
    return [
        (r.name, [(s.index, s.gap) for s in r.segments], r.bandwidth)
        for r in view.presentation.renditions
    ]


def test_pins_register_tracks_and_set_the_grid() -> None:
    news = told(view(), PINS)
    assert news == [HeaderPinned("main", HEADER), GridPinned(GRID)]


@pytest.mark.requirement("ENC-6b")
def test_copies_are_published_in_order_with_their_gaps() -> None:
    line = view()
    told(line, [*PINS, member(NAMES[0], 5), member(NAMES[0], 7)])
    gaps = line.due(line.deadline() or 0)
    assert [gap.index for gap in gaps if isinstance(gap, Gap)] == [6]
    news = told(line, [gap for gap in gaps if isinstance(gap, Gap)])
    assert news == [Holes(NAMES[0], 6, 1)]
    assert shown(line)[0][1] == [(5, False), (6, True), (7, False)]


def test_a_copy_without_its_header_is_not_shown() -> None:
    line = view()
    assert told(line, [PINS[1], member("video-1", 5)]) == [GridPinned(GRID)]
    assert line.presentation.renditions == ()


def test_a_bandwidth_that_the_header_leaves_out_is_measured_then_pinned() -> None:
    line = view()
    data = HEADER.data.replace(b'"systemBitrate" value="64000"', b'"systemBitrate" value="00000"')
    data = data.replace(b'systemBitrate="64000"', b'systemBitrate="00000"')
    told(line, [Pin("header/main", data), PINS[1]])
    audio = line.presentation.renditions[1]
    assert audio.bandwidth == 0
    begun, news = told(line, [member(audio.name, 5, size=16_000)])
    assert begun == Begun(Pin(f"begin/{audio.name}", b"5"))
    assert news == Measured(Pin(f"bandwidth/{audio.name}", b"64000"))
    told(line, [Pin(f"bandwidth/{audio.name}", b"64000")])
    assert line.presentation.renditions[1].bandwidth == 64_000


def test_what_has_left_the_window_may_be_forgotten_once() -> None:
    line = view(window=10)
    told(line, [*PINS, *(member(NAMES[0], index) for index in range(30))])
    ((name, run, floor),) = line.trims()
    assert (name, run) == (NAMES[0], 0)
    assert 0 < floor < 30 - 5
    assert line.trims() == []


@settings(max_examples=60)
@given(st.data())
def test_a_restart_shows_what_was_shown(data: st.DataObject) -> None:
    """Whatever arrives in whatever order: replaying the members gives the same presentation."""
    wanted = [(name, index) for name in NAMES for index in range(5, 14)]
    arrivals = data.draw(st.lists(st.sampled_from(wanted), max_size=30, unique=True))
    line = view()
    stored: list[Member] = [*PINS]
    taken: set[tuple[str, int]] = set()
    told(line, PINS)

    def put(each: Copy | Gap) -> None:
        if (each.track, each.index) not in taken:
            taken.add((each.track, each.index))
            stored.append(each)
            line.apply(each, 0)

    for name, index in arrivals:
        timeline = line.timelines.get(name)
        if timeline is None or index >= (timeline.next or 0):
            put(member(name, index))
        if data.draw(st.booleans()) and (deadline := line.deadline()) is not None:
            for ready in line.due(deadline):
                put(ready.copy if isinstance(ready, Offer) else ready)
    again = view()
    again.replay(stored, 0)
    assert shown(again) == shown(line)


def test_a_late_fill_that_outlived_its_gap_does_not_begin_the_line() -> None:
    """A relay that is killed while its store forgets may leave one behind."""
    left = replace(member(NAMES[0], 3), fill=True)
    again = view()
    again.replay([*PINS, left, *(member(NAMES[0], at) for at in range(10, 14))], 0)
    assert shown(again)[0][1] == [(at, False) for at in range(10, 14)]


def test_a_run_continues_the_presentation_and_replays_alike() -> None:
    line = view()
    members: list[Member] = [*PINS, *(member(name, at) for at in (5, 6) for name in NAMES)]
    members.append(member(NAMES[0], 7))
    run = Run(1, 8, 8, 100)
    members.append(run.pin())
    begun = [(raw, name) for raw in range(2) for name in NAMES]
    members += [replace(member(n, raw + 8), run=1, time=raw * 2 * TICKS) for raw, n in begun]
    assert RunPinned(run) in told(line, members)
    assert line.presentation.epochs == (100,)
    assert line.presentation.epoch_of(1) == 100
    video, audio = line.presentation.renditions
    assert [(s.run, s.index, s.gap) for s in audio.segments] == [
        (0, 5, False),
        (0, 6, False),
        (0, 7, True),
        (1, 8, False),
        (1, 9, False),
    ]
    assert [s.discontinuity for s in video.segments] == [False, False, False, True, False]
    again = view()
    again.replay(members, 0)
    assert shown(again) == shown(line)
    assert again.presentation.epochs == line.presentation.epochs


def test_killed_before_its_beginning_was_pinned_a_line_begins_with_what_was_put_first() -> None:
    put: list[Member] = [*PINS, member(NAMES[0], 5), member(NAMES[0], 4), member(NAMES[0], 6)]
    again = view()
    news = again.replay(put, 0)
    assert Begun(Pin(f"begin/{NAMES[0]}", b"5")) in news
    assert shown(again)[0][1] == [(5, False), (6, False)]
    trimmed = view()
    trimmed.replay([*put, Pin(f"begin/{NAMES[0]}", b"4")], 0)
    assert shown(trimmed)[0][1] == [(4, False), (5, False), (6, False)]


def test_a_run_is_known_until_the_last_of_its_events_may_be_forgotten() -> None:
    line, with_cues = view(window=10), header(("video", CUES), (0, 0), "video")
    video, cues = (told.track.name for told in with_cues.tracks)
    told(line, [Pin("header/main", with_cues.data), PINS[1]])
    told(line, [member(video, at) for at in range(10)])
    told(line, [replace(member(cues, 9), time=18_000, duration=0, event=True)])
    told(line, [Run(1, 10, 10, 100).pin()])
    trimmed: set[tuple[str, int, int]] = set()
    for at in range(90):
        told(line, [replace(member(video, at + 10), run=1, time=at * 2 * TICKS)])
        trimmed.update(line.trims())
    assert any(name == cues and run == 0 and floor > 9 for name, run, floor in trimmed)
    assert not any(run == 0 and floor > 80 for _, run, floor in trimmed)
