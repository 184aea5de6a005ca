from relay.uplink.standby import STEP_BACK, STEP_IN, Standby


def test_a_backup_steps_in_when_its_principal_has_failed_for_a_while() -> None:
    standby = Standby()
    assert not standby.look(0, failing=False)
    assert not standby.look(1000, failing=True)
    assert standby.deadline() == 1000 + STEP_IN
    assert not standby.look(1000 + STEP_IN - 1, failing=True)
    assert standby.look(1000 + STEP_IN, failing=True)
    assert standby.deadline() is None


def test_a_short_failure_changes_nothing() -> None:
    standby = Standby()
    standby.look(0, failing=True)
    standby.look(STEP_IN - 1, failing=False)
    assert not standby.look(STEP_IN, failing=True)
    assert not standby.look(2 * STEP_IN - 1, failing=True)


def test_it_steps_back_after_a_minute_of_health_without_a_break() -> None:
    standby = Standby(active=True)
    assert standby.look(0, failing=False)
    assert standby.look(STEP_BACK - 1, failing=False)
    assert standby.look(STEP_BACK, failing=True)
    now = STEP_BACK + 1
    assert standby.look(now, failing=False)
    assert standby.look(now + STEP_BACK - 1, failing=False)
    assert not standby.look(now + STEP_BACK, failing=False)


def test_a_principal_that_comes_and_goes_keeps_its_backup() -> None:
    standby = Standby()
    changes = []
    for second in range(3600):
        before = standby.active
        if standby.look(second * 1000, failing=second // 20 % 2 == 0) is not before:
            changes.append(second)
    assert len(changes) == 1
