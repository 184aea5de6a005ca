"""What a stranger may ask for at the door: streams, sources, sizes, pace; and a full relay."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from relay.ingest.pace import PIECES
from relay.limits import Limits
from relay.mp4 import reader
from tests.door import LAST, PATH, header, opened, request, shown, video
from tests.mp4 import recorded
from tests.server.wire import Answer, Client, chunk, connected, eventually


async def ended(client: Client) -> Answer:
    """The answer to a POST that is not over, and the end of its connection."""
    answer = await client.answer()
    assert answer.fields["connection"] == "close"
    assert await client.ended()
    return answer


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["code"]


@pytest.mark.threat("T36")
async def test_of_ten_thousand_streams_sixty_four_are_there_and_the_first_goes_on() -> None:
    """A stranger on an open channel, with a header in each; one in a hundred of them is sent."""
    async with opened() as door, connected(door.address) as good:
        await good.send(request(f"{PATH}?source=a") + chunk(header()) + chunk(video(0)))
        await shown(door.channel, [0])
        answers = [
            await door.put(f"/news.isml/Streams(n{at})", header()) for at in range(0, 10_000, 100)
        ]
        assert [answer.status for answer in answers] == [200] * 63 + [503] * 37
        assert {code(answer) for answer in answers[63:]} == {(503, "INGEST_LIMIT")}
        assert door.rejected == {"INGEST_LIMIT": 37}
        for index in range(1, 6):
            await good.send(chunk(video(index)))
        await shown(door.channel, range(6))
        assert {source for source, _ in door.channel.tally.last} == {"a"}


@pytest.mark.threat("T03")
async def test_a_third_source_on_a_live_url_is_409_and_the_two_go_on() -> None:
    async with opened(limits=Limits(sources=2)) as door, AsyncExitStack() as stack:
        pair = []
        for name in ("a", "b"):
            client = await stack.enter_async_context(connected(door.address))
            await client.send(request(f"{PATH}?source={name}") + chunk(header()) + chunk(video(0)))
            pair.append(client)
        await shown(door.channel, [0])
        assert await eventually(lambda: door.receiver.counts()["posts"] == 2)
        for path in (f"{PATH}?source=c", PATH):
            answer = await door.push(path, header() + video(1))
            assert code(answer) == (409, "INGEST_SOURCES")
            assert "2 sources" in json.loads(answer.body)["detail"]
        for index in range(1, 4):
            for client in pair:
                await client.send(chunk(video(index)))
        await shown(door.channel, range(4))
        assert {source for source, _ in door.channel.tally.last} == {"a", "b"}
        assert door.rejected == {"INGEST_SOURCES": 2}
        await pair[0].send(LAST)
        assert (await pair[0].answer()).status == 200
        assert (await door.push(f"{PATH}?source=c", header() + video(4))).status == 200


@pytest.mark.threat("T37")
async def test_a_busy_relay_refuses_new_streams_and_no_others() -> None:
    why: list[str] = []
    async with opened(busy=lambda: "".join(why)) as door, connected(door.address) as good:
        await good.send(request(f"{PATH}?source=a") + chunk(header()) + chunk(video(0)))
        await shown(door.channel, [0])
        why.append("81 % of its file descriptors are in use")
        answer = await door.push(f"{PATH}?source=b", header() + video(0))
        assert code(answer) == (503, "INGEST_LIMIT")
        assert "81 % of its file descriptors" in json.loads(answer.body)["detail"]
        assert int(answer.fields["retry-after"]) > 0
        assert (await door.put(PATH, b"")).status == 200, "a probe costs nothing"
        await good.send(chunk(video(1)) + LAST)
        assert (await good.answer()).status == 200
        await shown(door.channel, [0, 1])
        why.clear()
        assert (await door.push(f"{PATH}?source=b", header() + video(2))).status == 200


@pytest.mark.threat("T16")
async def test_the_sizes_are_settings() -> None:
    small = Limits(boxes=reader.Limits(mdat=4_096, moof=1_024, moov=256, manifest=4_096))
    async with opened(limits=small) as door:
        for body in (
            header(),
            recorded.box("ftyp", b"isml") + recorded.box("uuid", bytes(4_096)),
            recorded.box("moof", bytes(1_024)),
            recorded.box("mdat", bytes(4_096)),
        ):
            answer = await door.push(PATH, body)
            assert code(answer) == (413, "INGEST_BOX_TOO_LARGE"), body[:8]
        assert door.rejected == {"INGEST_BOX_TOO_LARGE": 4}


@pytest.mark.threat("T17", "T19")
async def test_the_pace_is_a_setting() -> None:
    async with opened(limits=Limits(idle=200)) as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()))
        assert code(await ended(client)) == (408, "INGEST_STALLED")
    strict = Limits(chunk=1_000)
    async with opened(limits=strict) as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(recorded.box("free", bytes(2_000_000))[:8]))
        sending = asyncio.create_task(client.send(chunk(bytes(100)) * PIECES))
        assert code(await ended(client)) == (400, "INGEST_CHUNKING")
        await asyncio.wait({sending})
        sending.exception()
