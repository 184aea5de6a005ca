"""What chrony, ntpd and the kernel say of the clock."""

import asyncio
from pathlib import Path

import pytest

from relay.timekeeping import STA_UNSYNC, ClockState, chrony, kernel, ntpd
from relay.timekeeping.host import Timekeeper, ask
from tests.server.wire import eventually

TRACKING = (
    "A29FC87B,162.159.200.123,4,1700000000.123456789,{slow},-0.000001,0.000123,"
    "-21.5,-0.001,0.05,0.020,0.001,64.2,{leap}"
)
VARIABLES = """associd=0 status={status} 1 event, clock_sync,
version="ntpd 4.2.8p15", stratum=3, precision=-23, rootdelay=20.1, rootdisp=31.5,
offset={slow}, frequency=-21.5, sys_jitter=0.2, clk_wander=0.02"""


def test_chrony() -> None:
    said = TRACKING.format(slow="0.250000000", leap="Normal")
    assert chrony(said + "\n") == ClockState("chrony", -0.25, 0.011, True)
    unkept = TRACKING.format(slow="0.000000000", leap="Not synchronised")
    assert chrony(unkept) == ClockState("chrony", synchronised=False)


def test_ntpd() -> None:
    said = VARIABLES.format(status="0615 leap_none, sync_ntp,", slow="-12.5")
    assert ntpd(said) == ClockState("ntpd", 0.0125, 0.0315, True)
    unkept = VARIABLES.format(status="c016 leap_alarm, sync_unspec,", slow="0.0")
    assert ntpd(unkept) == ClockState("ntpd", synchronised=False)


@pytest.mark.parametrize("said", ["", "506 Cannot talk to daemon", "a,b,c", "offset=x", "=,=,="])
def test_what_says_nothing(said: str) -> None:
    assert chrony(said) is None
    assert ntpd(said) is None


def test_the_kernel_knows_whether_and_how_well() -> None:
    assert kernel(0x2001, 16_000) == ClockState("kernel", bound=0.016, synchronised=True)
    assert kernel(0x2001 | STA_UNSYNC, 16_000_000) == ClockState("kernel", synchronised=False)


def test_this_machine_says_something_or_nothing_and_never_fails(tmp_path: Path) -> None:
    assert ask() == ask()
    program = tmp_path / "chronyc"
    for text, found in (
        (f"echo '{TRACKING.format(slow='-1.5', leap='Normal')}'", 1.5),
        ("exit 1", None),
        ("exec sleep 60", None),
        ("printf '\\377'", None),
    ):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o700)
        assert ask([([str(program)], chrony)]).offset == found
    assert ask([([str(tmp_path / "absent")], chrony)]).offset is None


async def test_it_is_asked_again_and_again() -> None:
    offsets = iter(range(1000))
    keeper = Timekeeper(lambda: ClockState("chrony", float(next(offsets))), every=0.01)
    assert keeper.state == ClockState()
    keeper.open()
    assert await eventually(lambda: (keeper.state.offset or 0) > 3)
    await keeper.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "timekeeper"]
