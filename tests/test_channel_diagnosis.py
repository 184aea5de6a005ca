"""What a channel's operator is told of its senders, through the real door."""

from dataclasses import replace
from fractions import Fraction

import pytest

from relay.diagnosis.absence import AWAY_MS
from relay.monitor.health import described
from tests.door import LEARNING, PATH, RULES, TRACK, Door, header, opened, shown, video
from tests.mp4 import recorded
from tests.server.wire import eventually
from tests.test_receiver_sparse import CUES, cues_header

TIMESCALES = "ff9-90k/req001.body"
HIGH = "ff9-split/req002.body"


def codes(door: Door) -> list[str]:
    return [event.code for event in door.channel.journal.events.values()]


async def test_the_two_that_an_encoder_resends_are_no_fault() -> None:
    async with opened() as door:
        await door.push(PATH, header() + b"".join(video(at) for at in range(5)))
        await door.push(PATH, header() + b"".join(video(at) for at in range(3, 8)))
        await shown(door.channel, range(8))
        (source,) = described(door.channel, door.clock.utc())["sources"].values()
        facts = source["tracks"][TRACK]
        assert (facts["resent"], facts["nonincreasing"], facts["words"]) == (2, 0, [])
        assert source["healthy"]


async def test_an_encoder_that_leaves_holes_is_named_in_journal_and_status() -> None:
    async with opened() as door:
        whole = header() + b"".join(video(at) for at in range(8))
        await door.push(f"{PATH}?source=enc_a", whole)
        await door.push(f"{PATH}?source=enc_b", header() + video(0) + video(3) + video(6))
        await shown(door.channel, range(8))
        assert codes(door).count("SOURCE_DISCONTINUITY") == 1
        said = described(door.channel, door.clock.utc())
        facts = said["sources"]["enc_b"]["tracks"][TRACK]
        assert (facts["discontinuity"], facts["gap"], facts["duplicate"]) == (2, 4, 3)
        assert facts["words"] == ["discontinuity"]
        assert not said["sources"]["enc_b"]["healthy"]
        assert said["sources"]["enc_a"]["healthy"]
        assert said["warnings"] == [
            {
                "code": "SOURCE_DISCONTINUITY",
                "subject": "enc_b",
                "text": f"enc_b, {TRACK}: fragments are missing, or begin too late",
                "grave": True,
            }
        ]


@pytest.mark.requirement("TIME-3a")
async def test_a_header_that_leaves_out_its_timescales_is_taken_and_told_once() -> None:
    async with opened() as door:
        body = recorded.body(TIMESCALES)
        assert (await door.push(PATH, body)).status == 200
        assert (await door.push(PATH, body)).status == 200
        assert codes(door).count("TIMESCALE_MISSING") == 1


@pytest.mark.requirement("ENC-4a", "TIME-3b")
async def test_renditions_that_are_cut_at_other_places_are_told_and_refused_to_nobody() -> None:
    async with opened() as door:
        whole = header() + b"".join(video(at) for at in range(5))
        other = header(HIGH) + b"".join(video(at, HIGH, late=4_800_000) for at in range(5))
        assert (await door.push(PATH, whole)).status == 200
        assert (await door.push("/news.isml/Streams(high)", other)).status == 200
        for track in (TRACK, "video-400000"):
            await shown(door.channel, range(5), track)
        assert codes(door).count("RENDITIONS_UNALIGNED") == 1
        (warning,) = described(door.channel, door.clock.utc())["warnings"]
        assert warning["subject"] == TRACK
        assert warning["text"].startswith(f"{TRACK} is cut 0.480 s earlier than video-400000, so")


@pytest.mark.requirement("SPARSE-3a")
async def test_a_sparse_track_whose_events_would_stay_hidden_is_taken_and_told() -> None:
    async with opened() as door:
        await door.push(PATH, header() + video(0))
        hidden = cues_header().replace(b'value="true"', b'value="none"')
        assert (await door.put(CUES, hidden)).status == 200
        assert codes(door).count("MANIFEST_OUTPUT") == 1
        assert (await door.put(CUES, cues_header())).status == 200
        assert codes(door).count("MANIFEST_OUTPUT") == 2  # it is in order again
        assert described(door.channel, door.clock.utc())["warnings"] == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_what_a_source_that_is_gone_did_is_no_warning_any_more(*, chunked: bool) -> None:
    async with opened() as door:
        send = door.push if chunked else door.put
        sent = await send("/news.isml/Streams(b)?source=b", header(TIMESCALES))
        assert sent.status == 200
        await door.push(PATH, header() + video(0))
        warned = described(door.channel, door.clock.utc())["warnings"]
        assert [warning["code"] for warning in warned] == ["TIMESCALE_MISSING"]
        door.clock.at += AWAY_MS + 1
        await door.push(PATH, header() + video(1))
        assert described(door.channel, door.clock.utc())["warnings"] == []


async def test_a_time_that_went_back_once_is_told_when_nothing_has_followed_it() -> None:
    async with opened() as door:
        await door.push(PATH, header() + b"".join(video(at) for at in range(100, 104)))
        door.clock.at += 60_000
        await door.push(f"{PATH}?source=b", header() + video(0))
        assert "INDEX_SUSPECT" not in codes(door)
        door.clock.at += 13_000
        await door.push(PATH, header())  # whatever comes, wakes it
        assert await eventually(lambda: "INDEX_SUSPECT" in codes(door))


@pytest.mark.requirement("FMT-7a")
async def test_fragments_that_are_too_long_are_taken_and_told_once() -> None:
    async with opened(rules=replace(RULES, duration=Fraction(8))) as door:
        await door.push(PATH, header() + b"".join(video(at) for at in range(12)))
        await shown(door.channel, range(3))
        assert codes(door).count("DURATION_RANGE") == 1


async def test_a_fragment_is_measured_though_it_has_no_number_yet() -> None:
    async with opened(rules=LEARNING) as door:
        await door.push(PATH, header() + video(0))
        (source,) = described(door.channel, door.clock.utc())["sources"].values()
        facts = source["tracks"][TRACK]
        assert (facts["won"], facts["last"], facts["clock_offset_ms"]) == (0, None, None)
