"""A channel that is closed and opened again on the same disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from relay.arrival import Sender
from relay.channel import Channel, Rules
from relay.errors import HeaderDiffers
from relay.media import Header, Verdict
from relay.presentation import Presentation
from relay.store.disk import DiskStore
from tests.door import (
    LEARNING,
    RULES,
    TRACK,
    Hands,
    bodies,
    header,
    other_level,
    published,
    send,
    shown,
    told,
    verdicts,
)


def segments(presentation: Presentation) -> dict[str, list[object]]:
    return {r.name: [*r.segments] for r in presentation.renditions}


@pytest.mark.requirement("SVC-7a")
@pytest.mark.parametrize("rules", [RULES, LEARNING], ids=["configured", "learnt"])
async def test_opened_again_it_goes_on_where_it_was(tmp_path: Path, rules: Rules) -> None:
    clock = Hands()
    sender = Sender("a", "main")
    before: list[Presentation] = []
    for first, stop in ((0, 4), (2, 6), (6, 8)):
        store = await DiskStore.open(tmp_path, "news", durable=False)
        channel = Channel("news", store, rules, clock)
        await channel.open()
        if before:
            assert segments(channel.presentation) == segments(before[-1])
            assert channel.presentation.epoch == before[-1].epoch
            assert channel.presentation.grid == before[-1].grid
            assert channel.numbered
            known = channel.header_of("main")
            assert known is not None
            assert known.data == header()
        clock.at += 60_000
        head, *fragments = bodies(first, stop)
        for found in fragments if first == 6 else [head, *fragments]:
            await send(channel, sender, found)
        await shown(channel, range(stop))
        before.append(channel.presentation)
        await channel.close()
    assert len(before) == 3


@pytest.mark.requirement("FMT-4c", "FMT-8a", "ENC-6b")
async def test_a_hole_stays_a_hole_after_a_restart(tmp_path: Path) -> None:
    clock = Hands()
    sender = Sender("a", "main")
    rules = replace(RULES, patience=1)
    store = await DiskStore.open(tmp_path, "news", durable=False)
    channel = Channel("news", store, rules, clock)
    await channel.open()
    for found in [*bodies(0, 2), *bodies(3, 4)[1:]]:
        await send(channel, sender, found)
    clock.at += 10
    await shown(channel, [0, 1, ~2, 3])
    assert channel.gaps == {TRACK: 1}
    await channel.close()
    again = Channel("news", await DiskStore.open(tmp_path, "news", durable=False), rules, clock)
    await again.open()
    assert published(again) == [0, 1, ~2, 3]
    await send(again, sender, bodies(2, 3)[1])
    assert verdicts(again) == {"a": {Verdict.FILL: 1}}
    fill = again.store.find(TRACK, 0, 2)
    assert fill is not None
    assert fill.fill
    assert published(again) == [0, 1, ~2, 3]
    await again.close()


async def test_a_header_that_differs_is_refused_after_a_restart_too(tmp_path: Path) -> None:
    (other,) = told("main", other_level())
    assert isinstance(other, Header)
    for turn in range(2):
        store = await DiskStore.open(tmp_path, "news", durable=False)
        channel = Channel("news", store, RULES, Hands())
        await channel.open()
        if turn == 0:
            for found in bodies(0, 1):
                await send(channel, Sender("a", "main"), found)
        (known,) = told("main", header())
        assert isinstance(known, Header)
        await channel.header(Sender("a", "main"), known)
        with pytest.raises(HeaderDiffers):
            await channel.header(Sender("b", "other"), other)
        await channel.close()


async def test_other_settings_are_replayed_with_the_index_from_which_they_count(
    tmp_path: Path,
) -> None:
    before: list[Presentation] = []
    for turn in range(2):
        store = await DiskStore.open(tmp_path, "news", durable=False)
        channel = Channel("news", store, RULES, Hands())
        await channel.open()
        if turn == 0:
            (other,) = told("main", other_level())
            for found in [*bodies(0, 3), other, *bodies(3, 6)[1:]]:
                if not isinstance(found, Header):
                    now = other if found.time >= 3 * 20_000_000 else bodies(0, 0)[0]
                    assert isinstance(now, Header)
                    found = replace(found, track=now.tracks[0].track)  # noqa: PLW2901
                await send(channel, Sender("a", "main"), found)
            await shown(channel, range(6))
        before.append(channel.presentation)
        await channel.close()
    first, second = before
    assert second.changes == second.breaks == (3,)
    assert (first.breaks, segments(first)) == (second.breaks, segments(second))
    assert first.renditions[0].former == second.renditions[0].former
    assert first.renditions[0].track == second.renditions[0].track
