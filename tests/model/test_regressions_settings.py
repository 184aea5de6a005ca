"""Schedules that once broke what must hold when settings change, as short as could be made."""

from fractions import Fraction

from tests.model.air import TRACK, A, B, began, on_air
from tests.model.programme import NAMES


def test_one_poisoned_time_does_not_put_a_change_of_settings_off_for_ever() -> None:
    relay = on_air()
    relay.poison(who=A, which=TRACK, part=16, far=0)
    relay.reconfigure_all(variants=(1, 0), clean=True, skipped=0)
    relay.deliver_together(cells=2, lag=0)
    relay.teardown()


def test_a_poisoned_time_under_new_settings_says_not_when_they_begin() -> None:
    relay = on_air()
    relay.reconfigure_all(variants=(1, 0), clean=True, skipped=0)
    relay.poison(who=A, which=TRACK, part=16, far=2)
    relay.deliver_together(cells=2, lag=0)
    relay.teardown()


def test_a_cue_that_is_ahead_of_its_time_says_not_when_new_settings_begin() -> None:
    relay = on_air(cues=True)
    relay.reconfigure_all(variants=(1, 0), clean=True, skipped=0)
    relay.cue(who=A, cells=4, sixteenths=0)
    relay.deliver_together(cells=2, lag=0)
    relay.teardown()


def test_what_a_hole_keeps_back_is_of_the_old_settings_after_a_restart_too() -> None:
    relay = on_air()
    for who in (A, B):
        relay.skip(who=who, which=TRACK, cells=1)
    relay.deliver_together(cells=2, lag=0)
    relay.crash()
    for who in (A, B):
        relay.of(who).skip(relay.track(TRACK), -3)
        relay.configure(relay.of(who), (1, 0))
    relay.deliver(who=A, which=TRACK)
    relay.teardown()


def test_two_encoders_that_are_given_new_settings_may_come_back_together() -> None:
    relay = on_air()
    relay.end(who=A, clean=True)
    relay.pass_time(ms=7_000)
    relay.end(who=B, clean=True)
    relay.pass_time(ms=7_000)
    relay.deliver(who=B, which=TRACK)
    relay.reconfigure(who=B, variants=(1, 0), ms=0, clean=True)
    relay.reconfigure(who=A, variants=(1, 0), ms=100, clean=True)
    assert relay.of(A).connected
    assert relay.of(A).variants == relay.of(B).variants
    relay.teardown()


def test_of_two_encoders_with_other_settings_than_each_other_one_gives_in() -> None:
    relay = on_air(stalls=True)
    relay.reconfigure_all(variants=(2, 0), clean=True, skipped=30)
    relay.configure(relay.of(B), (1, 0))
    relay.deliver_together(cells=3, lag=400)
    assert relay.of(A).variants == relay.of(B).variants
    relay.teardown()


def test_what_waited_for_new_settings_does_not_look_like_a_clock_that_went_back() -> None:
    relay = began(names=NAMES[2:3], starts=(2, 2, 2))
    relay.deliver_together(cells=3, lag=0)
    relay.reconfigure_all(variants=(1, 2), clean=True, skipped=30)
    relay.withhold(who=2, which=TRACK)
    relay.deliver_together(cells=2, lag=0)
    relay.withhold(who=B, which=TRACK)
    relay.deliver_together(cells=2, lag=400)
    relay.pass_time(ms=4_000)
    relay.reconfigure_all(variants=(2, 0), clean=False, skipped=0)
    relay.deliver(who=2, which=TRACK)
    relay.teardown()


def test_what_waited_under_settings_that_never_took_effect_is_given_up() -> None:
    relay = on_air()
    relay.reconfigure_all(variants=(2, 0), clean=False, skipped=30)
    relay.deliver_together(cells=1, lag=20)
    relay.jump(cells=51)
    relay.configure(relay.of(A), (0, 0))
    relay.end(who=A, clean=False)
    relay.end(who=B, clean=False)
    relay.deliver(who=A, which=TRACK)
    relay.reconfigure_all(variants=(1, 0), clean=True, skipped=0)
    relay.deliver_together(cells=3, lag=20)


def test_new_settings_after_a_jump_begin_though_the_sound_lags_a_cell() -> None:
    relay = began()
    relay.deliver(who=0, which=0)
    relay.jump(cells=20)
    relay.reconfigure_all(clean=False, skipped=0, variants=(0, 1))
    relay.deliver_all(cells=3, lost=0, ms=0, who=0)
    relay.teardown()


def test_a_jump_that_was_doubted_is_forgotten_when_the_settings_change() -> None:
    relay = began(names=NAMES[:3])
    relay.deliver(who=0, which=0)
    relay.jump(cells=20)
    relay.deliver(who=0, which=1)
    relay.reconfigure_all(clean=False, skipped=0, variants=(0, 1))
    relay.deliver_all(cells=2, lost=0, ms=0, who=0)
    relay.teardown()


def test_half_a_copy_of_former_settings_waits_for_nobody() -> None:
    relay = began(learns=True)
    relay.deliver_all(who=A, cells=2, ms=0, lost=0)
    relay.restart(who=A, which=TRACK, ms=0, how="r", part=4)
    relay.jump(cells=20)
    relay.reconfigure(who=A, variants=(1, 0), ms=0, clean=False)
    relay.deliver_all(who=A, cells=3, ms=0, lost=0)
    relay.teardown()


def test_new_settings_of_several_streams_from_one_index_on_are_one_discontinuity() -> None:
    relay = began(names=NAMES[:3], apart=5, starts=(0, 2), base=1)
    relay.deliver_together(cells=1, lag=20)
    relay.reconfigure_all(clean=False, skipped=0, variants=(2, 2))
    relay.deliver_together(cells=8, lag=0)
    relay.reconfigure_all(clean=True, skipped=3, variants=(0, 2))
    relay.deliver_together(cells=3, lag=20)
    relay.deliver_together(cells=3, lag=400)
    relay.crash()
    relay.teardown()


def test_half_a_copy_that_waited_for_new_settings_ends_with_its_sender() -> None:
    relay = began(names=NAMES[:3], starts=(1, 2), D=Fraction(2), apart=4, stalls=True)
    relay.deliver_together(cells=1, lag=400)
    relay.reconfigure_all(clean=False, skipped=0, variants=(0, 2))
    relay.poison(who=A, which=1, part=8, far=1)
    relay.reconfigure_all(clean=True, skipped=3, variants=(0, 2))
    relay.deliver_all(who=B, cells=3, lost=1, ms=600)
    relay.teardown()


def test_new_settings_behind_a_long_jump_begin_when_the_line_has_got_there() -> None:
    relay = began(names=NAMES[:3], learns=True, phase=8, base=1, starts=(1, 2, 1), apart=1)
    relay.deliver_all(who=A, cells=2, lost=0, ms=10)
    relay.deliver_all(who=B, cells=9, lost=0, ms=0)
    relay.jump(cells=23)
    relay.reconfigure_all(clean=True, skipped=0, variants=(1, 1))
    relay.deliver(who=A, which=TRACK)
    relay.teardown()


def test_what_was_resent_by_an_earlier_post_refuses_no_later_one() -> None:
    relay = began(starts=(0, 0, 0), names=NAMES[:1])
    relay.deliver_all(who=2, cells=5, lost=0, ms=0)
    relay.reconfigure_all(clean=False, skipped=0, variants=(1, 0))
    relay.restart(who=A, which=TRACK, ms=0, how="r", part=4)
    relay.pass_time(ms=1)
    relay.deliver_together(cells=1, lag=0)
    relay.teardown()


def test_of_a_track_that_nobody_knew_the_first_header_counts() -> None:
    relay = began(names=NAMES[:3], apart=2)
    relay.deliver(who=B, which=2)
    relay.pass_time(ms=4_500)
    relay.end(who=B, clean=False)
    relay.reconfigure(who=A, variants=(0, 1), ms=1_600, clean=False)
    relay.reconfigure(who=B, variants=(1, 0), ms=0, clean=False)
    relay.teardown()


def test_two_changes_at_one_index_forget_nothing_of_each_other() -> None:
    """Each track in a stream of its own: the second header changes another track, at the same."""
    relay = began(names=NAMES[:3], apart=1)
    relay.deliver_all(who=A, cells=1, ms=0, lost=0)
    relay.reconfigure_all(variants=(0, 1), clean=False, skipped=0)
    relay.restart(who=A, which=2, ms=0, how="r", part=8)
    relay.deliver_all(who=A, cells=1, ms=0, lost=0)
    relay.teardown()
