"""Who sends: sources, how a body of theirs may end, and how they come back."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from relay.media import Verdict
from tests.door import (
    AV,
    LAST,
    PATH,
    RULES,
    Door,
    chunked,
    fragments,
    header,
    opened,
    published,
    request,
    shown,
    verdicts,
    video,
)
from tests.mp4 import recorded
from tests.server.wire import Client, chunk, connected, eventually

SIX = range(6)
STOPPED = "ff9-sigint/req001.body"
"""Its encoder was stopped in mid-fragment: the last ones fill three quarters of their cell."""
FEW = header() + b"".join(video(index) for index in range(3))


async def test_a_source_is_named_by_its_url() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", FEW)
        await door.push(f"{PATH}?source=enc_b", FEW)
        await shown(door.channel, range(3))
        assert verdicts(door.channel) == {
            "enc_a": {Verdict.ACCEPTED: 3},
            "enc_b": {Verdict.DUPLICATE: 3},
        }


@pytest.mark.requirement("STREAM-1a", "STREAM-2b")
async def test_streams_of_one_encoder_make_one_presentation() -> None:
    names = {f"s{at}": f"ff9-split/req00{at}.body" for at in (1, 2, 3)}
    async with opened() as door:
        answers = await asyncio.gather(
            *(door.push(f"/news.isml/Streams({s})", recorded.body(n)) for s, n in names.items())
        )
        assert [answer.status for answer in answers] == [200, 200, 200]
        for track in ("video-150000", "video-400000", "audio-64000"):
            await shown(door.channel, SIX, track)


@pytest.mark.requirement("HTTP-5a")
async def test_a_clean_end_publishes_what_does_not_fill_its_cell() -> None:
    async with opened() as door:
        assert (await door.push(PATH, recorded.body(STOPPED))).status == 200
        await shown(door.channel, range(3), "video-200000")
        await shown(door.channel, range(3), "audio-64000")
        assert verdicts(door.channel, "video-200000") == {"a": {Verdict.ACCEPTED: 3}}


async def test_the_end_of_a_body_of_known_length_says_nothing_about_the_stream() -> None:
    """It may be one of many; what it leaves unfinished waits for the next."""
    async with opened() as door:
        assert (await door.put(PATH, recorded.body(STOPPED))).status == 200
        await shown(door.channel, range(2), "video-200000")
        rest = header(STOPPED) + b"".join(fragments(AV)[4:8])
        assert (await door.put(PATH, rest)).status == 200
        await shown(door.channel, range(4), "video-200000")


@pytest.mark.requirement("HTTP-5a")
async def test_what_a_broken_connection_leaves_is_partial_when_its_sender_stays_away() -> None:
    async with opened(rules=replace(RULES, patience=1_500)) as door:
        async with connected(door.address) as client:
            await client.send(request(PATH) + chunked(recorded.body(STOPPED)))
            await shown(door.channel, range(2), "video-200000")
        assert await eventually(lambda: door.receiver.counts()["posts"] == 0)
        assert published(door.channel, "video-200000") == [0, 1]
        door.clock.at += 1_500
        await shown(door.channel, range(3), "video-200000")
        assert verdicts(door.channel, "video-200000") == {
            "a": {Verdict.ACCEPTED: 2, Verdict.PARTIAL: 1}
        }


@pytest.mark.requirement("FMT-1b", "HTTP-7b", "SVC-3b", "SVC-5b", "SVC-5c", "SVC-5d", "ENC-6d")
async def test_a_broken_connection_is_taken_up_again_with_the_last_two_fragments() -> None:
    async with opened() as door:
        async with connected(door.address) as client:
            await client.send(request(PATH) + chunked(FEW) + chunk(video(3)[:20_000]))
            await shown(door.channel, range(3))
        assert await eventually(lambda: door.receiver.counts()["posts"] == 0)
        again = header() + b"".join(video(index) for index in (1, 2, 3, 4))
        assert (await door.push(PATH, again)).status == 200
        await shown(door.channel, range(5))
        assert verdicts(door.channel) == {"a": {Verdict.ACCEPTED: 5, Verdict.DUPLICATE: 2}}
        assert not door.channel.gaps
        assert door.rejected == {}


@pytest.mark.requirement("HTTP-7a")
async def test_a_sender_may_come_back_before_its_old_connection_is_known_to_be_dead() -> None:
    async with opened() as door, connected(door.address) as dead:
        await dead.send(request(PATH) + chunked(FEW) + chunk(video(3)[:20_000]))
        await shown(door.channel, range(3))
        again = header() + b"".join(video(index) for index in (1, 2, 3, 4))
        assert (await door.push(PATH, again)).status == 200
        await shown(door.channel, range(5))


@pytest.mark.requirement("HTTP-5a", "SVC-5a")
@pytest.mark.parametrize("half", [False, True])
async def test_a_body_without_its_last_chunk_is_no_clean_end(half: bool) -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunked(FEW))
        await shown(door.channel, range(3))
        if half:
            client.half_close()
            assert await client.closed()
        else:
            await client.close()
        assert await eventually(lambda: door.receiver.counts()["posts"] == 0)
        assert door.rejected == {}


@pytest.mark.requirement("RED-1a", "RED-2a")
async def test_two_sources_at_once_publish_each_index_once() -> None:
    count = 30

    async def push(door: Door, source: str) -> int:
        async with connected(door.address) as client:
            await client.send(request(f"{PATH}?source={source}") + chunk(header()))
            for index in range(count):
                await client.send(chunked(video(index), 8_192))
                await asyncio.sleep(0)
            await client.send(LAST)
            return (await client.answer()).status

    async with opened() as door:
        assert await asyncio.gather(*(push(door, source) for source in "abc")) == [200] * 3
        await shown(door.channel, range(count))
        total: Counter[Verdict] = Counter()
        for source in "abc":
            found = verdicts(door.channel)[source]
            assert sum(found.values()) == count, source
            total.update(found)
        assert total == {Verdict.ACCEPTED: count, Verdict.DUPLICATE: 2 * count}
        assert not door.channel.gaps


async def test_two_encoders_on_one_host_are_two_sources() -> None:
    async with opened() as door, connected(door.address) as one, connected(door.address) as two:
        for client in (one, two):
            await client.send(request(PATH) + chunk(header()))
            assert await eventually(lambda: door.channel.header_of("main") is not None)
        for client in (one, two):
            await client.send(chunked(video(0)) + LAST)
            assert (await client.answer()).status == 200
        assert sorted(verdicts(door.channel)) == ["a", "b"]


@pytest.mark.requirement("ENC-1a", "ENC-2a", "SVC-5b")
async def test_another_host_takes_a_stream_over_by_its_url() -> None:
    """Its address is another, and so is its source; the track, its numbers and times go on."""
    async with opened() as door:
        async with connected(door.address) as client:
            await client.send(request(PATH) + chunked(FEW) + chunk(video(3)[:20_000]))
            await shown(door.channel, range(3))
        elsewhere = await asyncio.open_connection(*door.address, local_addr=("127.0.0.2", 0))
        client = Client(*elsewhere)
        again = header() + b"".join(video(index) for index in (2, 3, 4))
        await client.send(request(PATH) + chunked(again) + LAST)
        assert (await client.answer()).status == 200
        await client.close()
        await shown(door.channel, range(5))
        assert sorted(verdicts(door.channel)) == ["127.0.0.2-a", "a"]
        (rendition,) = door.channel.presentation.renditions
        assert not any(segment.discontinuity for segment in rendition.segments)


@pytest.mark.requirement("SVC-4a")
async def test_a_sender_that_comes_back_a_hundred_times_is_never_locked_out() -> None:
    async with opened() as door:
        for index in range(100):
            last = [video(at) for at in range(max(0, index - 2), index + 1)]
            body = header() + b"".join(last)
            async with connected(door.address) as client:
                await client.send(request(PATH) + chunked(body) + chunk(video(index + 1)[:5_000]))
                await shown(door.channel, range(max(0, index - 59), index + 1))
        assert await eventually(lambda: door.receiver.counts() == {"posts": 0, "rejected": {}})
        assert not door.channel.gaps
