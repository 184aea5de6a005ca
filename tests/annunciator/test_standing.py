"""What is amiss on a channel, from what its rooms hold."""

from relay.annunciator.history import Amiss, Key
from relay.annunciator.standing import SETTLE, Eye, clock_off
from relay.timekeeping import ClockState
from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.door import PATH, TRACK, Door, header, opened, shown, video

AB = ("enc_a", "enc_b")


def codes(door: Door, eye: Eye | None = None) -> dict[str, Amiss]:
    found = (eye or Eye()).on(door.channel, door.clock.utc())
    assert {key.channel for key in found} <= {"news"}
    return {f"{key.code} {key.subject}".strip(): amiss for key, amiss in found.items()}


async def test_protection() -> None:
    async with opened() as door:
        assert codes(door)["CHANNEL_DOWN"].measured == "0 sources"
        await door.push(f"{PATH}?source=enc_a", header() + video(0) + video(1))
        await shown(door.channel, range(2))
        assert codes(door)["CHANNEL_EXPOSED"].configured == "2 sources"
        await door.push(f"{PATH}?source=enc_b", header() + video(0) + video(1))
        assert not [code for code in codes(door) if code.startswith("CHANNEL_")]
        assert Eye().on(door.channel, 0, settled=False).keys() == Eye().on(door.channel, 0).keys()
        door.clock.at += 600_000
        assert "CHANNEL_DOWN" in codes(door)
        unsettled = Eye().on(door.channel, door.clock.utc(), settled=False)
        assert not [key for key in unsettled if key.code == "CHANNEL_DOWN"]


async def test_a_source_whose_copies_differ_is_amiss_while_it_lives() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", header() + video(0) + video(1))
        await shown(door.channel, range(2))
        await door.push(f"{PATH}?source=enc_b", header() + video(0, late=400_000))
        found = codes(door)[f"SOURCE_DIFFERS enc_b, {TRACK}"]
        assert (found.grave, found.settle) == (True, SETTLE)
        door.clock.at += 600_000
        assert f"SOURCE_DIFFERS enc_b, {TRACK}" not in codes(door)


async def test_what_the_diagnosis_says_comes_with_its_figures() -> None:
    async with opened() as door:
        alarms = door.channel.diagnosis.alarms
        alarms.stand("OUT_OF_SYNC", "enc_a", "late", measured="-900 ms", configured="100 ms")
        found = codes(door)["OUT_OF_SYNC enc_a"]
        assert (found.sentence, found.measured, found.configured) == ("late", "-900 ms", "100 ms")


async def test_a_counter_that_rises_is_amiss_and_one_that_rests_is_not() -> None:
    async with opened() as door:
        eye = Eye()
        door.channel.gaps[TRACK] = 3
        assert codes(door, eye)[f"TIMELINE_GAP {TRACK}"].measured == "3 fragments"
        assert f"TIMELINE_GAP {TRACK}" not in codes(door, eye)
        door.channel.gaps[TRACK] = 4
        assert codes(door, eye)[f"TIMELINE_GAP {TRACK}"].measured == "1 fragments"
        door.channel.gaps.clear()
        door.channel.gaps[TRACK] = 1  # after a reset
        assert f"TIMELINE_GAP {TRACK}" not in codes(door, eye)


async def test_upstreams() -> None:
    bad = Standing(State.REFUSED, "403", lost=2, backlog=5, seconds=10.0, failing=True)
    async with opened() as door:
        door.channel.upstreams |= {"eu": lambda: bad, "us": Standing}
        found = codes(door)
        assert found["UPSTREAM_RETRYING eu"].measured == "5 fragments, 10.0 s behind"
        assert found["UPSTREAM_RETRYING eu"].sentence.endswith("403")
        assert found["UPSTREAM_LOST eu"].measured == "2 fragments"
        assert not [code for code in found if code.endswith(" us")]


async def test_what_is_wrong_with_the_channel_itself() -> None:
    async with opened() as door:
        door.channel.unlike = "the grid"
        assert codes(door)["PEER_DIFFERS peer"].sentence.endswith("the grid")
        door.channel.failed = True
        assert "CHANNEL_FAILED" in codes(door)
        assert "CHANNEL_DOWN" not in codes(door)


def test_the_clock() -> None:
    assert clock_off(ClockState(), 0.1) == {}
    assert clock_off(ClockState("chrony", 0.1), 0.1) == {}
    assert clock_off(ClockState("chrony", -5), 0) == {}
    ((key, amiss),) = clock_off(ClockState("chrony", -0.25), 0.1).items()
    assert key == Key("CLOCK", "", "host")
    assert (amiss.measured, amiss.configured) == ("-0.250 s", "0.1 s")
    assert "0.250 s behind, says chrony" in amiss.sentence
