"""Schedules that once broke what must hold, as short as they could be made."""

from fractions import Fraction

import pytest

from relay.media import Copy, Gap
from relay.sparse import linger
from tests.model.air import TRACK, A, B, began, index, on_air
from tests.model.programme import NAMES


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


@pytest.mark.parametrize("who", [A, B])
@pytest.mark.parametrize("far", [-2, -1])
def test_a_damaged_time_within_reach_costs_no_other_fragment(who: int, far: int) -> None:
    """Neither of another encoder, nor of the one and only, whose next ones look like a rewind."""
    relay = on_air(names=NAMES[:2])
    relay.deliver_together(cells=1, lag=0)
    relay.leave(relay.of(1 - who), clean=True)
    relay.poison(who=A, which=TRACK, part=16, far=far)
    for _ in range(20):
        relay.deliver_all(who=who, cells=1, ms=600, lost=0)
        relay.pass_time(1_400)
    assert not [put for _, put, _ in relay.house.puts if isinstance(put, Gap)]
    assert not relay.ledger.promised
    relay.teardown()


def test_an_event_that_came_late_is_seen_in_its_place() -> None:
    relay = on_air(cues=True)
    relay.cue(who=A, cells=-1, sixteenths=0)
    relay.cue(who=A, cells=-2, sixteenths=0)
    relay.crash()
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


def test_a_track_that_moves_on_alone_takes_no_event_from_the_parent_that_stays() -> None:
    relay = began(names=(NAMES[0], NAMES[2]), local=True, cues=True)
    relay.deliver(who=B, which=TRACK)
    relay.cue(who=A, cells=0, sixteenths=0)
    relay.jump(cells=20)
    relay.deliver_together(cells=3, lag=0)
    relay.crash()
    relay.cue(who=A, cells=0, sixteenths=0)
    relay.teardown()


def test_a_slate_that_was_held_is_not_put_again_once_the_store_forgot_what_had_won() -> None:
    relay = on_air()
    relay.lose_input(who=A)
    for _ in range(4):
        relay.deliver_together(cells=4, lag=0)
    relay.teardown()


def test_a_track_that_has_died_keeps_no_event_for_ever() -> None:
    relay = on_air(names=(NAMES[0], NAMES[2]), cues=True)
    relay.cue(who=A, cells=-1, sixteenths=0)
    for _ in range(24 + linger(relay.house.presentation)):
        relay.deliver(who=A, which=TRACK)
        relay.pass_time(2_000)
    assert not any(str(key).startswith("event/") for key in relay.house.store)
    relay.teardown()


def test_a_slate_does_not_win_because_too_many_better_copies_wait() -> None:
    relay = began(starts=(0, 0, 0))
    relay.prefer(who=2)
    relay.lose_input(who=2)
    relay.deliver_together(cells=4, lag=0)
    relay.teardown()


def test_a_relay_that_is_killed_before_it_pins_where_a_track_begins_shows_the_same_again() -> None:
    relay = began(names=NAMES[2:3], stalls=True, starts=(0, 1), indexed=2)
    relay.deliver(who=B, which=TRACK)
    relay.pass_time(ms=4_000)
    relay.deliver(who=A, which=TRACK)
    relay.crash()
    relay.teardown()


def test_clocks_that_are_ahead_teach_the_grid_and_are_not_believed_otherwise() -> None:
    relay = began(names=NAMES[:3], learns=True, starts=(1, 2, 1))
    relay.jump(cells=20)
    relay.deliver_all(who=2, cells=3, lost=1, ms=10)
    relay.teardown()


def test_a_cell_that_is_full_where_sound_alone_has_taught_the_phase_is_whole() -> None:
    relay = began(names=("video", "audio2"), phase=5, starts=(2, 0), apart=2)
    relay.deliver(who=B, which=1)
    relay.deliver(who=A, which=TRACK)
    relay.restart(who=A, which=TRACK, ms=0, how="r", part=13)
    relay.teardown()


def test_who_goes_on_far_ahead_of_what_he_has_sent_too_late_is_not_believed_alone() -> None:
    relay = began(D=Fraction(48, 25), starts=(0, 1))
    relay.deliver_all(who=B, cells=4, ms=0, lost=0)
    relay.crash()
    relay.skip(who=B, which=TRACK, cells=4)
    relay.deliver_all(who=A, cells=1, ms=0, lost=0)
    relay.deliver_together(cells=1, lag=0)
    relay.deliver_together(cells=2, lag=0)
    relay.teardown()
