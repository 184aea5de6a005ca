"""Bodies that a receiver takes, however they are cut, and what it answers to them."""

import asyncio

import pytest

from relay.media import Kind, Verdict
from relay.mp4.reader import BoxReader
from tests.door import (
    AV,
    LAST,
    PATH,
    chunked,
    header,
    opened,
    published,
    request,
    shown,
    verdicts,
    video,
)
from tests.mp4 import recorded
from tests.server.wire import chunk, connected, eventually
from tests.streams import Said, Stream

SIX = range(6)
FEW = header() + b"".join(video(index) for index in range(3))


@pytest.mark.fault("F41")
@pytest.mark.requirement("HTTP-1a", "HTTP-2b")
@pytest.mark.parametrize("path", ["/news.isml", PATH, "/news.isml/streams(x)"])
@pytest.mark.parametrize("body", [b"", LAST])
async def test_a_probe_is_200_to_the_letter_and_creates_nothing(path: str, body: bytes) -> None:
    async with opened() as door, connected(door.address) as client:
        for _ in range(2):
            await client.send(request(path, length=None if body else 0) + body)
            answer = await client.answer()
            assert answer.line == "HTTP/1.1 200 OK"
            assert answer.fields["content-length"] == "0"
            assert "connection" not in answer.fields
        assert door.untouched()
        assert door.receiver.counts() == {"posts": 0, "rejected": {}}


@pytest.mark.fault("F41")
@pytest.mark.requirement("HTTP-3a", "HTTP-5b")
async def test_a_probe_and_its_media_share_a_connection() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request("/news.isml", length=0))
        assert (await client.answer()).status == 200
        await client.send(request(PATH) + chunked(FEW) + LAST)
        answer = await client.answer()
        assert (answer.line, answer.fields["content-length"]) == ("HTTP/1.1 200 OK", "0")
        await shown(door.channel, range(3))
        await client.send(request(PATH, length=0))
        assert (await client.answer()).status == 200


@pytest.mark.requirement("HTTP-1a")
async def test_a_probe_does_not_disturb_the_stream_that_runs() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()) + chunk(video(0)))
        await shown(door.channel, [0])
        async with connected(door.address) as other:
            await other.send(request(PATH, length=0))
            assert (await other.answer()).status == 200
        await client.send(chunk(video(1)) + LAST)
        assert (await client.answer()).status == 200
        await shown(door.channel, [0, 1])
        assert verdicts(door.channel) == {"a": {Verdict.ACCEPTED: 2}}


@pytest.mark.requirement("FMT-1a", "HTTP-4a", "STREAM-1a", "STREAM-2a")
@pytest.mark.parametrize("size", [67, 1_000, 4_096, 32_768, 1 << 20])
async def test_a_long_post_may_be_cut_anywhere(size: int) -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunked(recorded.body(AV), size) + LAST)
        assert (await client.answer()).line == "HTTP/1.1 200 OK"
        await shown(door.channel, SIX, "video-200000")
        await shown(door.channel, SIX, "audio-64000")


@pytest.mark.parametrize("edge", ["box", "header", "payload"])
async def test_a_fragment_is_taken_the_moment_its_last_byte_is_in(edge: str) -> None:
    whole = header() + video(0)
    cut = {"box": len(header()), "header": len(header()) + 4, "payload": len(whole) - 1}[edge]
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(whole[:cut]))
        assert await eventually(lambda: door.channel.header_of("main") is not None)
        assert published(door.channel) == []
        await client.send(chunk(whole[cut:]))
        await shown(door.channel, [0])


@pytest.mark.requirement("HTTP-1b")
async def test_nothing_is_answered_before_the_body_ends() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(FEW))
        await shown(door.channel, range(3))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.reader.read(1)
        await client.send(LAST)
        assert (await client.answer()).status == 200


@pytest.mark.requirement("SVC-1a")
async def test_three_hundred_connections_at_once_are_taken_without_delay() -> None:
    async def probed(address: tuple[str, int]) -> int:
        async with connected(address) as client:
            await client.send(request(PATH, length=0))
            return (await client.answer()).status

    async with opened() as door, asyncio.timeout(10):
        assert await asyncio.gather(*(probed(door.address) for _ in range(300))) == [200] * 300


@pytest.mark.requirement("HTTP-4a")
async def test_a_body_of_known_length_is_taken() -> None:
    async with opened() as door:
        assert (await door.put(PATH, FEW)).status == 200
        await shown(door.channel, range(3))


async def test_a_header_alone_makes_the_stream_known() -> None:
    async with opened() as door:
        assert (await door.put(PATH, header())).status == 200
        known = door.channel.header_of("main")
        assert known is not None
        assert known.data == header()
        assert published(door.channel) == []


@pytest.mark.requirement("SVC-6b")
async def test_one_post_for_each_fragment_after_a_post_of_the_header() -> None:
    async with opened() as door, connected(door.address) as client:
        for body in [header(), *(video(index) for index in range(4))]:
            await client.send(request(PATH, length=len(body)) + body)
            assert (await client.answer()).status == 200
        await shown(door.channel, range(4))
        assert verdicts(door.channel) == {"a": {Verdict.ACCEPTED: 4}}


@pytest.mark.requirement("FMT-1b")
async def test_the_header_may_come_again_in_mid_body() -> None:
    async with opened() as door:
        body = header() + video(0) + header() + video(1) + header()
        assert (await door.push(PATH, body)).status == 200
        await shown(door.channel, [0, 1])


@pytest.mark.requirement("HTTP-0")
@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/news.isml/Streams(Main-1)", "Main-1"),
        ("/news.isml/streams(Main-1)", "Main-1"),
        ("/news.ISML/STREAMS(Main-1)", "Main-1"),
        ("/news.isml/Streams%28Main-1%29", "Main-1"),
        ("/%6Eews.isml/Streams(Main%2D1)", "Main-1"),
        ("/live/token/news.isml/Streams(Main-1)", "Main-1"),
        ("/news.isml?Streams(Main-1)", "Main-1"),
        ("/news.isml/Streams(Main-1)/", "Main-1"),
    ],
)
async def test_the_forms_of_the_url(path: str, stream: str) -> None:
    async with opened() as door:
        assert (await door.push(path, header() + video(0))).status == 200
        assert door.channel.header_of(stream) is not None
        await shown(door.channel, [0])


@pytest.mark.requirement("HTTP-6a")
async def test_events_in_the_url_are_taken_when_configured() -> None:
    path = "/news.isml/Events(1)/Streams(main)"
    async with opened() as door:
        assert (await door.push(path, FEW)).status == 400
        assert door.untouched()
    async with opened(events=True) as door:
        assert (await door.push(path, FEW)).status == 200
        await shown(door.channel, range(3))


async def test_put_is_taken_like_post() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH, method="PUT") + chunked(FEW) + LAST)
        assert (await client.answer()).status == 200
        await shown(door.channel, range(3))


@pytest.mark.requirement("FMT-5a", "FMT-8b")
async def test_what_stands_between_fragments_is_passed_over() -> None:
    noise = recorded.box("free", bytes(200_000)) + recorded.box("emsg", bytes(100))
    end = recorded.box("mfra")
    async with opened() as door:
        body = header() + noise + video(0) + noise + video(1) + end + video(2) + end
        assert (await door.push(PATH, body)).status == 200
        await shown(door.channel, range(3))


async def test_what_is_stored_is_what_was_sent() -> None:
    async with opened() as door:
        await door.push(PATH, FEW)
        await shown(door.channel, range(3))
        stored = await door.channel.store.get("video-150000", 0, 1)
        assert stored is not None
        assert [box.type for box in BoxReader().feed(stored)] == ["moof", "mdat"]
        assert stored == video(1)


@pytest.mark.parametrize("length", [False, True])
async def test_a_large_fragment_is_kept_as_it_came(length: bool) -> None:
    track = Said(Kind.VIDEO, "video", 8_000_000)
    stream = Stream([track])
    media = [bytes([at]) * 60_000 for at in range(50)]
    sent = [stream.fragment(track, index * 180_000, [3_600] * 50, media) for index in (0, 1)]
    body = stream.header() + b"".join(sent)
    async with opened() as door:
        answer = await (door.put if length else door.push)(PATH, body)
        assert answer.status == 200
        (name,) = (each.name for each in door.channel.presentation.renditions)
        await shown(door.channel, [0, 1], name)
        assert [await door.channel.store.get(name, 0, index) for index in (0, 1)] == sent
