"""Real encoders at the door: refusals that ffmpeg notices, and a relay that leaves politely.

ffmpeg never reads an answer while it sends. Only a closed socket stops it, and only then does its
exit code tell the operator.
"""

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.e2e import served
from tests.e2e.conftest import Start
from tests.e2e.encoder import Encoder, Programme
from tests.e2e.relay_process import RelayProcess
from tests.e2e.replay import CAPTURES, Capture, Post

pytestmark = pytest.mark.e2e

PROMPTLY = 40.0
"""Seconds; the programme lasts a minute, and ffmpeg looks at its socket every two seconds."""
AT_ONCE = 10.0
"""Seconds, of which a calm machine needs one; a body that says nothing is given up after 12."""


@pytest.fixture(scope="module")
def relay(start_relay: Start) -> RelayProcess:
    return start_relay({"av": {"fragment_duration": "2"}})


@pytest.fixture(scope="module")
def pushed(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What ffmpeg sends, by its movflags."""
    found = {}
    for movflags in ("isml+frag_keyframe", "frag_keyframe+empty_moov"):
        folder = tmp_path_factory.mktemp("pushed")
        Programme(seconds=3, movflags=movflags).reference(ffmpeg, folder)
        found[movflags] = (folder / "reference.ismv").read_bytes()
    return found


def test_ffmpeg_stops_at_an_unknown_channel(
    relay: RelayProcess, ffmpeg: str, tmp_path: Path
) -> None:
    url = f"{relay.url}/nobody.isml/Streams(av)"
    with Encoder(ffmpeg, Programme(), url, tmp_path / "ffmpeg.log") as encoder:
        assert encoder.wait(PROMPTLY) != 0
    assert "INGEST_POINT_UNKNOWN" in relay.text()


def test_ffmpeg_stops_without_the_isml_flag(
    relay: RelayProcess, ffmpeg: str, tmp_path: Path
) -> None:
    plain = Programme(movflags="frag_keyframe+empty_moov")
    url = f"{relay.url}/av.isml/Streams(plain)"
    with Encoder(ffmpeg, plain, url, tmp_path / "ffmpeg.log") as encoder:
        assert encoder.wait(PROMPTLY) != 0


@pytest.mark.parametrize(
    ("path", "movflags", "statuses"),
    [
        ("/nobody.isml/Streams(x)", "isml+frag_keyframe", {404}),
        ("/av.isml/Streams(x)", "frag_keyframe+empty_moov", {400, 412}),
        ("/av.isml/Strams(x)", "isml+frag_keyframe", {400, 404}),
    ],
)
def test_a_refusal_is_answered_before_the_close(
    relay: RelayProcess, pushed: dict[str, bytes], path: str, movflags: str, statuses: set[int]
) -> None:
    async def push() -> int:
        post = await Post.open(relay.port, path)
        await post.send(pushed[movflags][:4096])
        return await post.answer()

    assert asyncio.run(push()) in statuses


@pytest.mark.requirement("SVC-7b")
def test_sigterm_answers_every_open_post_and_exits_at_once(
    start_relay: Start, ffmpeg: str, tmp_path: Path
) -> None:
    relay = start_relay({"av": {"fragment_duration": "2"}, "live": {}})
    data = Capture.load(CAPTURES / "ff9-av").bodies[0].data
    live = f"{relay.url}/live.isml/Streams(av)"

    async def drain() -> tuple[list[int], int, float]:
        # One has sent nothing, one a header, one stops in mid-box, one at a fragment's edge.
        posts = []
        for stream, size in enumerate((0, 3000, 40000, 44000)):
            post = await Post.open(relay.port, f"/av.isml/Streams(s{stream})?source=s{stream}")
            if size:
                await post.send(data[:size])
            posts.append(post)
        while json.loads(served.fetch(f"{relay.admin_url}/api/v1/status"))["posts"] < 4:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)  # the one that has sent nothing counts nowhere
        begun = time.monotonic()
        relay.terminate()
        statuses = await asyncio.gather(*(post.answer() for post in posts))
        code = await asyncio.to_thread(relay.wait)
        return list(statuses), code, time.monotonic() - begun

    with Encoder(ffmpeg, Programme(), live, tmp_path / "ffmpeg.log") as encoder:
        deadline = time.monotonic() + 60
        while served.get(f"{relay.url}/live.isml/master.m3u8").status != 200:
            assert time.monotonic() < deadline, "nothing of the push is served"
            time.sleep(0.1)
        statuses, code, seconds = asyncio.run(drain())
        assert statuses == [503] * 4
        assert code == 0
        assert seconds < AT_ONCE
        assert encoder.wait(PROMPTLY) != 0
