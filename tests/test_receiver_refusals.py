"""Bodies that a receiver refuses: the answer, the end of the connection, the log, the counter."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.media import Verdict
from tests.door import (
    PATH,
    Door,
    chunked,
    fragments,
    header,
    opened,
    other_level,
    request,
    shown,
    verdicts,
    video,
)
from tests.mp4 import recorded
from tests.server.wire import Answer, Census, Client, chunk, connected, eventually

GOOD = header() + video(0)
STRANGE = "/news.isml/Streams(a%0d%0ab)"


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def undeclared() -> bytes:
    """A header without its live server manifest: a plain fragmented MP4."""
    ftyp, _manifest, moov = recorded.boxes("ff9-split/req001.body")[:3]
    return ftyp.data + moov.data


CASES = {
    "unknown point": (request("/nobody.isml/Streams(x)"), b"", 404, "INGEST_POINT_UNKNOWN"),
    "probe of an unknown point": (
        request("/nobody.isml", length=0),
        b"",
        404,
        "INGEST_POINT_UNKNOWN",
    ),
    "no ingest URL": (request("/news/Streams(x)"), GOOD, 400, "INGEST_URL"),
    "unknown noun": (request("/news.isml/Strams(x)"), GOOD, 400, "INGEST_URL"),
    "two ids": (request("/news.isml/Streams(a)(b)"), GOOD, 400, "INGEST_URL"),
    "empty id": (request("/news.isml/Streams()"), GOOD, 400, "INGEST_URL"),
    "control characters": (request(STRANGE), GOOD, 400, "INGEST_URL"),
    "a path for an id": (request("/news.isml/Streams(..%2f..%2fetc)"), GOOD, 400, "INGEST_URL"),
    "a path for a source": (request(f"{PATH}?source=../x"), GOOD, 400, "INGEST_URL"),
    "a bad name in a probe": (request("/news.isml/Streams(.)", length=0), b"", 400, "INGEST_URL"),
    "a body without Streams()": (request("/news.isml"), GOOD, 400, "INGEST_URL"),
    "gzip": (request(PATH, "Content-Encoding: gzip"), GOOD, 415, "INGEST_CONTENT_ENCODING"),
    "media before the header": (request(PATH), video(0), 412, "INGEST_HEADER_MISSING"),
    "no manifest": (request(PATH), undeclared() + video(0), 412, "INGEST_HEADER_MISSING"),
    "another configuration": (
        request(f"{PATH}?source=b"),
        other_level(),
        412,
        "INGEST_HEADER_DIFFERS",
    ),
    "garbage": (request(PATH), bytes(range(200, 256)), 400, "INGEST_BOX"),
    "text": (request(PATH), b"<html>hello</html>", 413, "INGEST_BOX_TOO_LARGE"),
    "size 0": (request(PATH), recorded.u32(0) + b"mdat", 400, "INGEST_BOX"),
    "size 7": (request(PATH), recorded.u32(7) + b"moof", 400, "INGEST_BOX"),
    "huge mdat": (request(PATH), recorded.u32(0x7FFFFFFF) + b"mdat", 413, "INGEST_BOX_TOO_LARGE"),
    "huge moof": (request(PATH), recorded.u32(0xFFFFFFFF) + b"moof", 413, "INGEST_BOX_TOO_LARGE"),
    "2^63 bytes": (
        request(PATH),
        recorded.u32(1) + b"mdat" + recorded.u32(1 << 31, 0),
        413,
        "INGEST_BOX_TOO_LARGE",
    ),
    "no XML": (
        request(PATH),
        header()[:24] + recorded.box("uuid", header()[32:48], b"\0\0\0\0<smil") + header()[-773:],
        400,
        "INGEST_MANIFEST",
    ),
    "mdat without moof": (request(PATH), header() + recorded.box("mdat"), 400, "INGEST_FRAGMENT"),
    "moof in a header": (
        request(PATH),
        header() + header()[:24] + video(0),
        400,
        "INGEST_HEADER",
    ),
    "another stream's fragment": (
        request(PATH),
        header() + fragments("ff9-av/req001.body")[1],
        400,
        "INGEST_FRAGMENT",
    ),
}


async def refused(door: Door, head: bytes, body: bytes) -> Answer:
    """The answer to a sender that waits for it before it goes on, and sees the closed socket."""
    async with connected(door.address) as client:
        await client.send(head + (chunk(body) if body else b""))
        answer = await client.answer()
        async with asyncio.timeout(5):
            assert await client.closed()
    return answer


@pytest.mark.requirement("FMT-1a", "FMT-8b", "HTTP-2a")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.threat("T05", "T06", "T08", "T15", "T16")
async def test_a_refusal_says_why_and_ends_the_connection(name: str, log: list[Any]) -> None:
    head, body, status, code = CASES[name]
    async with opened() as door:
        if name == "another configuration":
            assert (await door.push(f"{PATH}?source=a", GOOD)).status == 200
        answer = await refused(door, head, body)
        assert answer.status == status
        assert answer.fields["content-type"] == "application/problem+json"
        assert answer.fields["connection"] == "close"
        assert answer.fields["cache-control"] == "no-store"
        problem = json.loads(answer.body)
        assert (problem["status"], problem["code"]) == (status, code)
        assert problem["detail"].endswith(".")
        assert problem.get("hint", "x.").endswith(".")
        assert "retry-after" not in answer.fields
        assert await eventually(
            lambda: door.receiver.counts() == {"posts": 0, "rejected": {code: 1}}
        )
    lines = [line for line in log if line["event"] == "refused"]
    assert len(lines) == 1
    assert (lines[0]["code"], lines[0]["status"]) == (code, status)
    assert lines[0]["reason"] == problem["detail"]
    assert lines[0]["hint"] == problem.get("hint", "")
    assert lines[0]["log_level"] == "warning"
    assert all(" " <= letter <= "~" for letter in lines[0]["path"])


@pytest.mark.parametrize("name", [name for name in CASES if name != "another configuration"])
@pytest.mark.threat("T05")
async def test_a_refused_body_leaves_the_channel_as_it_was(name: str) -> None:
    head, body, _, _ = CASES[name]
    begun = head == request(PATH) and body.startswith(header())
    async with opened() as door:
        await refused(door, head, body)
        assert door.untouched() is not begun
        assert (await door.push(PATH, GOOD)).status == 200
        await shown(door.channel, [0])


@pytest.mark.requirement("SVC-5c")
async def test_the_difference_between_two_headers_is_named() -> None:
    async with opened() as door:
        assert (await door.push(f"{PATH}?source=a", GOOD)).status == 200
        other = request(f"{PATH}?source=b")
        problem = json.loads((await refused(door, other, other_level())).body)
        assert problem["detail"].startswith("video-150000 is known otherwise: ")
        assert "codecs avc1.64000C became avc1.64000D" in problem["detail"]
        other = request("/news.isml/Streams(b)?source=b")
        answer = await refused(door, other, other_level())
        assert json.loads(answer.body)["detail"] == problem["detail"]
        assert door.channel.header_of("b") is None


async def test_ffmpeg_is_told_which_option_it_lacks() -> None:
    async with opened() as door:
        answer = await refused(door, request(PATH), undeclared())
        assert "-movflags isml+frag_keyframe" in json.loads(answer.body)["hint"]


async def test_a_clean_end_in_mid_box_is_refused() -> None:
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(GOOD + video(1)[:-1]) + b"0\r\n\r\n")
        answer = await client.answer()
        assert answer.status == 400
        assert json.loads(answer.body)["code"] == "INGEST_BOX"
        assert await client.closed()
        await shown(door.channel, [0])


@pytest.mark.threat("T16")
async def test_a_refusal_comes_with_the_header_of_a_box_and_not_with_its_end() -> None:
    """A sender of something huge shall not be listened to."""
    async with opened() as door, connected(door.address) as client:
        await client.send(request(PATH) + chunk(header()))
        await client.send(chunk(recorded.u32(0x7FFFFFFF) + b"mda"))
        assert await eventually(lambda: door.channel.header_of("main") is not None)
        assert door.rejected == {}
        await client.send(chunk(b"t"))
        assert (await client.answer()).status == 413


async def test_a_sender_that_never_reads_notices_too() -> None:
    """ffmpeg: only a write that fails stops it."""

    async def write_on(client: Client) -> None:
        while True:
            await client.send(chunk(bytes(32_768)))
            await asyncio.sleep(0.01)

    async with opened() as door, connected(door.address) as client:
        await client.send(request("/nobody.isml/Streams(x)"))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(write_on(client), 10)


@pytest.mark.requirement("FMT-8b", "SVC-1a")
async def test_a_hundred_refused_posts_leave_nothing_behind_and_disturb_nobody() -> None:
    body = chunked(bytes(1_300_000))
    paths = ["/nobody.isml/Streams(x)", "/news.isml", "/news.isml/Streams(garbage)"]

    async def pushed(door: Door, path: str) -> int:
        async with connected(door.address) as client:
            sending = asyncio.create_task(client.send(request(path) + body))
            status = (await client.answer()).status
            await asyncio.wait({sending})
            sending.exception()  # a reset is as good an end as any
            return status

    async with opened() as door:
        census = Census()
        async with connected(door.address) as good:
            await good.send(request(PATH) + chunk(header()))
            for turn in range(10):
                refusals = [pushed(door, paths[at % 3]) for at in range(10)]
                statuses, _ = await asyncio.gather(
                    asyncio.gather(*refusals), good.send(chunked(video(turn)))
                )
                assert statuses == [404 if at % 3 == 0 else 400 for at in range(10)]
            await shown(door.channel, range(10))
            assert verdicts(door.channel) == {"a": {Verdict.ACCEPTED: 10}}
            assert door.receiver.counts()["posts"] == 1
        assert await census.restored()
        assert door.rejected == {"INGEST_POINT_UNKNOWN": 40, "INGEST_URL": 30, "INGEST_BOX": 30}


@pytest.mark.threat("T28")
async def test_what_a_stranger_sent_stands_quoted_in_the_answer_and_the_log(
    log: list[Any],
) -> None:
    async with opened() as door:
        head = request("/x%0a%1b[31m.isml/Streams(x)", "User-Agent: \x7f\xe9")
        answer = await refused(door, head, b"")
        assert answer.status == 400
    for line in log:
        assert all(" " <= letter <= "~" for value in line.values() for letter in str(value))
