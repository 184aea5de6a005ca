from dataclasses import replace
from urllib.parse import urljoin

import pytest

from packagers import cmaf
from packagers.origin import Origin
from relay.media import Kind, Track
from relay.mp4.fragment import parse_moof
from relay.mp4.reader import BoxReader
from relay.presentation import Segment
from relay.store.memory import MemoryStore
from tests.packagers.player import AUDIO, LAST, VIDEO, Channel, ask
from tests.packagers.presentations import (
    FIRST,
    copy_of,
    payload,
    presentation,
    regular,
    rendition,
    stored,
)


@pytest.mark.requirement("REGION-2a")
async def test_a_segment_is_the_stored_copy_in_cmaf(origin: Origin, channel: Channel) -> None:
    got = await ask(origin, f"/news.isml/{VIDEO.name}/{FIRST}.m4s")
    (segment, *_) = regular(VIDEO)
    expected = cmaf.segment(VIDEO, stored(segment), FIRST, 0)
    assert got.status == 200
    assert got.body == b"".join(expected)
    assert got.body.endswith(payload(segment))
    assert got.headers["content-length"] == str(len(got.body))
    assert got.headers["content-type"] == "video/mp4"
    assert got.headers["cache-control"] == "public, max-age=86400, immutable"
    assert got.headers["last-modified"] == "Wed, 18 Nov 2026 11:06:40 GMT"
    assert "content-location" not in got.headers


async def test_the_epoch_is_part_of_the_bytes_and_of_their_validator(
    origin: Origin, channel: Channel
) -> None:
    path = f"/news.isml/{AUDIO.name}/{FIRST}.m4s"
    before = await ask(origin, path)
    channel.presentation = replace(channel.presentation, epoch=3)
    after = await ask(origin, path)
    assert after.headers["content-type"] == "audio/mp4"
    assert before.body != after.body
    assert before.headers["etag"] != after.headers["etag"]


async def test_validators_of_segments_differ_by_copy(origin: Origin, channel: Channel) -> None:
    """Another site's encoder won the same number: a resumed download must not mix the two."""
    (segment, *_) = regular(AUDIO)
    other = Channel(channel.presentation, MemoryStore())
    copy = replace(copy_of(AUDIO, segment, arrival=1_795_000_000_007), source="b")
    await other.store.put(copy, [stored(segment)])
    path = f"/news.isml/{AUDIO.name}/{FIRST}.m4s"
    tags = [
        (await ask(one, path)).headers["etag"] for one in (origin, Origin({"news": other}), origin)
    ]
    assert tags[0] != tags[1]
    assert tags[0] == tags[2]


async def test_a_range_of_a_segment(origin: Origin) -> None:
    path = f"/news.isml/{VIDEO.name}/{FIRST}.m4s"
    whole = await ask(origin, path)
    size = len(whole.body)
    part = await ask(origin, path, range=f"bytes=10-{size - 5}", if_range=whole.headers["etag"])
    assert part.status == 206
    assert part.body == whole.body[10 : size - 4]
    assert part.headers["content-range"] == f"bytes 10-{size - 5}/{size}"
    assert part.headers["content-length"] == str(size - 14)
    beyond = await ask(origin, path, range=f"bytes={size}-")
    assert beyond.status == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert beyond.problem["code"] == "PLAYBACK_RANGE"
    assert (await ask(origin, path, range="bytes=0-1,5-6")).body == whole.body
    listed = await ask(origin, "/news.isml/master.m3u8", range="bytes=0-1")
    assert listed.status == 200
    assert listed.headers["accept-ranges"] == "none"


async def test_what_is_ahead_may_be_asked_again_in_a_second(origin: Origin) -> None:
    for path in (
        f"news.isml/{VIDEO.name}/{LAST + 1}.m4s",  # the store has it, its place is not decided
        f"news.isml/{VIDEO.name}/4294967295.m4s",
        f"news.isml/{VIDEO.name}/t{regular(VIDEO, LAST + 1, 1)[0].time}.m4s",
        "news.isml/video-500000/index.m3u8",
        "news.isml/video-500000/0.m4s",
        "idle.isml/master.m3u8",
        "idle.isml/manifest.mpd",
    ):
        got = await ask(origin, f"/{path}")
        assert got.status == 404, path
        assert got.problem["code"] == "PLAYBACK_NOT_YET"
        assert got.headers["cache-control"] == "public, max-age=1"


async def test_a_gap_is_an_empty_fragment_for_a_moment(origin: Origin, channel: Channel) -> None:
    """Players of DASH do not get over a 404 for what the timeline lists."""
    gap = regular(VIDEO)[2]
    for leaf in (str(gap.index), f"t{gap.time}"):
        got = await ask(origin, f"/news.isml/{VIDEO.name}/{leaf}.m4s")
        assert got.status == 200
        assert got.headers["content-type"] == "video/mp4"
        assert got.headers["cache-control"] == "public, max-age=1"
        assert "etag" not in got.headers
        moof, mdat = BoxReader().feed(got.body)
        (fragment,) = parse_moof(moof.data).tracks
        assert (fragment.decode_time, fragment.samples.count) == (gap.time, 0)
        assert mdat.data == (8).to_bytes(4, "big") + b"mdat"
    channel.presentation = replace(channel.presentation, epoch=2)
    got = await ask(origin, f"/news.isml/{VIDEO.name}/{gap.index}.m4s")
    (fragment,) = parse_moof(BoxReader().feed(got.body)[0].data).tracks
    assert fragment.decode_time == gap.time + 2 * VIDEO.timescale


async def test_an_old_segment_is_gone_for_good(origin: Origin) -> None:
    old = await ask(origin, f"/news.isml/{VIDEO.name}/{FIRST - 2}.m4s")
    assert old.status == 404
    assert old.problem["code"] == "PLAYBACK_NOT_FOUND"
    assert old.headers["cache-control"] == "no-store"


async def test_what_left_the_window_is_served_while_it_is_stored(origin: Origin) -> None:
    (old,) = regular(VIDEO, FIRST - 1, 1)
    by_number = await ask(origin, f"/news.isml/{VIDEO.name}/{FIRST - 1}.m4s")
    assert by_number.body.endswith(payload(old))
    by_time = await ask(origin, f"/news.isml/{VIDEO.name}/t{old.time}.m4s")
    assert by_time.body == by_number.body


async def test_an_older_run_is_searched_too(channel: Channel) -> None:
    entered = rendition(VIDEO, regular(VIDEO, LAST + 10, 2, run=3))
    moved = Channel(presentation(entered), channel.store)
    got = await ask(Origin({"news": moved}), f"/news.isml/{VIDEO.name}/{FIRST}.m4s")
    assert got.body.endswith(payload(regular(VIDEO)[0]))


async def test_a_time_is_an_alias_of_a_number(origin: Origin, channel: Channel) -> None:
    segment = regular(VIDEO)[1]
    path = f"/live/news.isml/{VIDEO.name}/t{segment.time + 40}.m4s"  # half a millisecond off
    got = await ask(origin, path)
    assert got.body.endswith(payload(segment))
    where = urljoin(path, got.headers["content-location"])
    assert where == f"/live/news.isml/{VIDEO.name}/{segment.index}.m4s"
    between = await ask(origin, f"/news.isml/{VIDEO.name}/t{segment.time + 4000}.m4s")
    assert (between.status, between.headers["cache-control"]) == (404, "no-store")
    channel.presentation = replace(channel.presentation, epoch=2)
    shifted = await ask(origin, f"/news.isml/{VIDEO.name}/t{segment.time + 180_000}.m4s")
    assert payload(segment) in shifted.body


@pytest.mark.parametrize("off", [-4, -1, 0, 3])
async def test_a_hole_that_lasts_no_time_hides_nothing(channel: Channel, off: int) -> None:
    before, behind = regular(VIDEO, count=2)
    hole = replace(before, index=FIRST + 1, time=behind.time, duration=0, size=0, gap=True)
    behind = replace(behind, index=FIRST + 2)
    await channel.store.put(copy_of(VIDEO, behind), [stored(behind)])
    shown = presentation(rendition(VIDEO, [before, hole, behind]))
    origin = Origin({"news": Channel(shown, channel.store)})
    got = await ask(origin, f"/news.isml/{VIDEO.name}/t{behind.time + off}.m4s")
    assert got.body.endswith(payload(behind))


async def test_times_are_found_where_numbers_do_not_follow_the_grid(channel: Channel) -> None:
    """tfxd version 2 brings its own numbers, and these may jump."""
    first = FIRST + 1000
    own = [replace(s, index=first + at) for at, s in enumerate(regular(VIDEO))]
    own[3:] = [replace(s, run=1, index=s.index + 90) for s in own[3:]]
    for segment in own:
        await channel.store.put(copy_of(VIDEO, segment), [stored(segment)])
    origin = Origin({"news": Channel(presentation(rendition(VIDEO, own)), channel.store)})
    for segment in own:
        for leaf in (f"t{segment.time + 40}", f"{segment.index}"):
            got = await ask(origin, f"/news.isml/{VIDEO.name}/{leaf}.m4s")
            assert got.body.endswith(payload(segment))
    ahead = await ask(origin, f"/news.isml/{VIDEO.name}/t{own[-1].end}.m4s")
    assert ahead.problem["code"] == "PLAYBACK_NOT_YET"
    hole = await ask(origin, f"/news.isml/{VIDEO.name}/{first + 3}.m4s")
    assert hole.problem["code"] == "PLAYBACK_NOT_FOUND"


async def test_an_earlier_initialization_is_still_served(origin: Origin, channel: Channel) -> None:
    path = f"/news.isml/{VIDEO.name}/{cmaf.init_name(VIDEO)}"
    first = await ask(origin, path)
    assert first.body == cmaf.init(VIDEO)
    assert first.headers["cache-control"] == "public, max-age=86400, immutable"
    p = channel.presentation
    changed = replace(p.renditions[0], track=replace(VIDEO, width=1920, height=1080))
    channel.presentation = replace(p, renditions=(changed, *p.renditions[1:]))
    assert (await ask(origin, path)).body == first.body
    second = await ask(origin, f"/news.isml/{VIDEO.name}/{cmaf.init_name(changed.track)}")
    assert second.status == 200
    assert second.body != first.body
    never = await ask(origin, f"/news.isml/{VIDEO.name}/init-0000.mp4")
    assert (never.status, never.headers["cache-control"]) == (404, "no-store")


class Damaged(MemoryStore):
    """It lost the bytes of one segment and holds something else for others."""

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        garbage = {FIRST + 1: b"\0\0\0\x08moof\0\0\0\x08mdat", FIRST + 3: b"\0\0\0\x10moof" * 4}
        return garbage.get(index)


async def test_damaged_bytes_are_not_found(channel: Channel) -> None:
    store = Damaged()
    for segment in regular(VIDEO):
        await store.put(copy_of(VIDEO, segment), [stored(segment)])
    origin = Origin({"news": Channel(channel.presentation, store)})
    for index in (FIRST, FIRST + 1, FIRST + 3):
        got = await ask(origin, f"/news.isml/{VIDEO.name}/{index}.m4s")
        assert got.problem["code"] == "PLAYBACK_NOT_FOUND"
        assert got.headers["cache-control"] == "no-store"


async def test_a_text_track_is_an_application(channel: Channel) -> None:
    key = replace(VIDEO.key, kind=Kind.TEXT, name="subs")
    text = Track(key, 1000, "subt", (8).to_bytes(4, "big") + b"stpp", "stpp.ttml.im1t")
    shown = rendition(text, [Segment(0, 3, 0, 1000, 1)])
    origin = Origin({"news": Channel(presentation(shown), channel.store)})
    got = await ask(origin, f"/news.isml/{text.name}/{cmaf.init_name(text)}")
    assert got.headers["content-type"] == "application/mp4"


async def test_a_run_has_an_epoch_of_its_own() -> None:
    (segment,) = regular(AUDIO, FIRST, 1, run=1)
    bodies = []
    for epochs in ((0,), (50,)):
        shown = replace(presentation(rendition(AUDIO, [segment])), epochs=epochs)
        channel = Channel(shown, MemoryStore())
        await channel.store.put(copy_of(AUDIO, segment), [stored(segment)])
        bodies.append(
            (await ask(Origin({"news": channel}), f"/news.isml/{AUDIO.name}/{FIRST}.m4s")).body
        )
    early, later = (tfdt(body) for body in bodies)
    assert later - early == 50 * AUDIO.timescale


def tfdt(segment: bytes) -> int:
    at = segment.index(b"tfdt") + 8
    return int.from_bytes(segment[at : at + 8], "big")
