"""Two vendors call one track differently: with an alias their encoders are redundant."""

from dataclasses import replace
from pathlib import Path

import pytest

from relay.channel import Channel
from relay.media import Verdict
from relay.mp4 import smooth
from relay.store.disk import DiskStore
from tests.door import (
    PATH,
    RULES,
    TRACK,
    Hands,
    header,
    opened,
    published,
    shown,
    verdicts,
    video,
)
from tests.mp4 import recorded
from tests.server.wire import eventually

OTHER = "cam_1-150000"
ALIASED = replace(RULES, alias={OTHER: TRACK})


def others() -> bytes:
    """The header as another vendor writes it: the track has another name."""
    ftyp, live, moov = recorded.boxes("ff9-split/req001.body")[:3]
    text = bytes(live.payload[4:]).replace(
        b'name="trackName" value="video"', b'name="trackName" value="cam_1"'
    )
    assert text != live.payload[4:]
    uuid = recorded.box("uuid", smooth.LIVE_SERVER_MANIFEST, bytes(4), text)
    return ftyp.data + uuid + moov.data


def body(head: bytes, *indexes: int) -> bytes:
    return head + b"".join(video(index) for index in indexes)


async def test_without_an_alias_they_are_two_tracks() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", body(header(), 0, 1))
        await door.push(f"{PATH}?source=enc_b", body(others(), 0, 1))
        await shown(door.channel, [0, 1], TRACK)
        await shown(door.channel, [0, 1], OTHER)


@pytest.mark.parametrize("turned", [False, True], ids=["canonical first", "alias first"])
async def test_with_an_alias_each_fills_what_the_other_leaves_out(
    tmp_path: Path, turned: bool
) -> None:
    """Whoever comes first; and a restart without the alias shows the same."""
    store = await DiskStore.open(tmp_path, "news", durable=False)
    heads = [("enc_a", header()), ("enc_b", others())]
    async with opened({"news": store}, ALIASED) as door:
        for (name, head), indexes in zip(
            heads[::-1] if turned else heads, [(0, 1, 3), (0, 1, 2, 3)], strict=True
        ):
            path = f"/news.isml/Streams({name})?source={name}"
            assert (await door.push(path, body(head, *indexes))).status == 200
        await shown(door.channel, range(4), TRACK)
        assert [r.name for r in door.channel.presentation.renditions] == [TRACK]
        first, second = ("enc_b", "enc_a") if turned else ("enc_a", "enc_b")
        assert verdicts(door.channel) == {
            first: {Verdict.ACCEPTED: 3},
            second: {Verdict.DUPLICATE: 3, Verdict.ACCEPTED: 1},
        }
        before = door.channel.presentation
    again = Channel("news", await DiskStore.open(tmp_path, "news", durable=False), RULES, Hands())
    await again.open()
    try:
        assert [r.track for r in again.presentation.renditions] == [
            r.track for r in before.renditions
        ]
        assert published(again) == [0, 1, 2, 3]
    finally:
        await again.close()


async def test_a_body_without_a_header_carries_the_alias_too() -> None:
    async with opened(rules=ALIASED) as door:
        assert (await door.put(f"{PATH}?source=enc_b", body(others(), 0))).status == 200
        assert await eventually(lambda: door.channel.header_of("main") is not None)
        for index in (1, 2):
            assert (await door.put(f"{PATH}?source=enc_b", video(index))).status == 200
        await shown(door.channel, range(3), TRACK)
        assert [r.name for r in door.channel.presentation.renditions] == [TRACK]
