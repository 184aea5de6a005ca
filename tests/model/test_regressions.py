"""Schedules that once broke what must hold, as short as they could be made."""

from typing import Any

from relay.media import Copy
from tests.model.machine import Relay
from tests.model.programme import NAMES
from tests.model.setting import Setting

A, B = 0, 1
TRACK = 0


def began(**setting: Any) -> Relay:
    relay = Relay()
    relay.begin(setting=Setting(**setting))
    return relay


def on_air(**setting: Any) -> Relay:
    """Two encoders have sent the same three cells."""
    relay = began(**setting)
    relay.deliver_together(cells=3, lag=0)
    return relay


def index(relay: Relay, track: str) -> int:
    line = relay.house.timeline(track)
    assert line is not None
    assert line.next is not None
    return line.next


def test_a_restart_shows_what_was_shown_where_the_second_encoder_was_behind() -> None:
    """Its first copy is put, but never shown: the track had begun with a later one."""
    relay = began(learns=True, starts=(1, 0))
    relay.deliver_together(cells=3, lag=0)
    relay.crash()
    relay.teardown()


def test_an_encoder_that_begins_its_cell_anew_in_one_piece_is_not_taken_at_half() -> None:
    relay = on_air()
    relay.restart(who=A, which=TRACK, ms=0, how="a", part=8)
    relay.deliver(who=A, which=TRACK)
    relay.deliver(who=A, which=TRACK)
    relay.teardown()


def test_half_a_copy_of_one_that_comes_back_elsewhere_waits_for_another() -> None:
    relay = on_air()
    relay.restart(who=A, which=TRACK, ms=100, how="l", part=8)
    relay.deliver(who=A, which=TRACK)
    relay.deliver(who=B, which=TRACK)
    relay.teardown()


def test_half_a_copy_whose_end_was_lost_waits_for_another() -> None:
    relay = on_air()
    relay.split(who=A, which=TRACK, splits=[8])
    relay.deliver_all(who=A, cells=2, ms=0, lost=2)
    relay.deliver(who=B, which=TRACK)
    relay.teardown()


def test_half_a_copy_is_not_put_before_a_whole_one_that_is_held() -> None:
    relay = on_air()
    relay.restart(who=A, which=TRACK, ms=100, how="l", part=8)
    relay.drift(who=B, drift=-25)
    relay.deliver(who=B, which=TRACK)
    relay.pass_time(ms=1_400)
    relay.teardown()


def test_what_is_held_is_placed_before_a_gap_is_declared() -> None:
    relay = on_air()
    relay.skip(who=A, which=TRACK, cells=1)
    relay.deliver(who=A, which=TRACK)
    relay.pass_time(ms=500)
    relay.drift(who=B, drift=45)
    relay.deliver(who=B, which=TRACK)
    relay.pass_time(ms=1_100)
    relay.teardown()


def test_a_line_that_has_moved_on_forgets_the_old_one() -> None:
    relay = on_air()
    relay.jump(cells=30)
    relay.pass_time(ms=4_000)
    relay.pass_time(ms=4_000)
    relay.deliver_together(cells=4, lag=20)
    relay.teardown()


def test_half_copies_from_the_far_future_do_not_crowd_out_the_present() -> None:
    """Five copies are open: the one that is closed is not the one that goes on."""
    relay = on_air()
    for far in (3, 2, 1, 0):
        relay.poison(who=A, which=TRACK, part=4, far=far)
    track = relay.track(TRACK)
    at = index(relay, track)
    relay.split(who=A, which=TRACK, splits=[8])
    relay.deliver(who=A, which=TRACK)
    relay.deliver(who=A, which=TRACK)
    copy = relay.house.store[track, at]
    assert isinstance(copy, Copy)
    assert copy.sample_count == 50
    relay.teardown()


def test_half_a_poisoned_copy_moves_no_line_when_its_sender_dies() -> None:
    relay = on_air(names=NAMES[:2])
    begun = {track: index(relay, track) for track in relay.tracks}
    relay.poison(who=A, which=TRACK, part=4, far=2)
    relay.restart(who=A, which=TRACK, ms=1_600, how="l", part=0)
    relay.pass_time(ms=4_000)
    assert {track: index(relay, track) for track in relay.tracks} == begun
    relay.teardown()


def test_a_clock_that_slips_behind_the_last_eighth_of_a_cell_costs_no_fragment() -> None:
    """That eighth is part of the next copy, which is then broken: the other encoder's is shown."""
    relay = on_air()
    relay.split(who=A, which=TRACK, splits=[15])
    relay.deliver_together(cells=1, lag=0)
    relay.drift(who=A, drift=25)
    relay.deliver_together(cells=1, lag=0)
    last = index(relay, "video-64000")
    relay.pass_time(4000)
    assert index(relay, "video-64000") == last + 1
    relay.teardown()
