"""Events are read once, forgotten with the window, and a damaged one is told once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from structlog.testing import capture_logs

from packagers.signals.hearing import Hearing
from relay.media import Buffer, Copy
from relay.presentation import Presentation, Rendition, show
from relay.store.memory import MemoryStore
from tests.packagers.presentations import presentation, rendition, video
from tests.packagers.signals.cue_messages import CUES, SCALE, event, insert, struct
from tests.packagers.signals.test_daterange import BACK, OUT


class Reading(MemoryStore):
    """A store that counts what is read, and gives others their turn meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[int | None] = Counter()

    async def get(self, track: str, run: int, index: int, time: int | None = None) -> bytes | None:
        self.reads[time] += 1
        await asyncio.sleep(0)
        return await super().get(track, run, index, time)


SHOWN = presentation(rendition(video()), Rendition(CUES))


async def stored(store: MemoryStore, *events: tuple[Copy, bytes]) -> list[Copy]:
    copies = []
    for copy, data in events:
        kept: Sequence[Buffer] = [data]
        copies.append(replace(copy, event=True))
        assert await store.put(copies[-1], kept)
    return copies


def seen(before: Presentation, *copies: Copy) -> Presentation:
    return show(before, before, {CUES.name: copies})


async def test_a_channel_without_events_signals_nothing() -> None:
    store = Reading()
    heard = await Hearing().listen("news", SHOWN, store)
    assert heard.signals == heard.each == ()
    assert not store.reads


async def test_each_event_is_read_once_whoever_asks() -> None:
    store, hearing = Reading(), Hearing()
    out, back = await stored(
        store,
        event(8 * SCALE, struct(1, 4 * SCALE, OUT)),
        event(30 * SCALE, struct(2, 4 * SCALE, BACK)),
    )
    first = seen(SHOWN, out)
    every = await asyncio.gather(*(hearing.listen("news", first, store) for _ in range(5)))
    assert {id(heard) for heard in every} == {id(every[0])}
    assert [signal.begins for signal in every[0].signals] == [12]
    assert every[0].signals[0].seen == {video().name: 920_400_004}
    both = await hearing.listen("news", seen(first, out, back), store)
    assert [signal.begins for signal in both.signals] == [12, 34]
    assert store.reads == {out.time: 1, back.time: 1}


async def test_what_has_left_the_window_is_forgotten() -> None:
    store, hearing = Reading(), Hearing()
    copies = await stored(store, *(event(at * SCALE, OUT) for at in (8, 30)))
    await hearing.listen("news", seen(SHOWN, *copies), store)
    left = await hearing.listen("news", seen(SHOWN, copies[1]), store)
    assert [signal.begins for signal in left.signals] == [30]
    assert (await hearing.listen("news", seen(SHOWN), store)).signals == ()


async def test_after_a_reset_the_same_time_is_another_event() -> None:
    hearing = Hearing()
    for number in (1, 2):
        store = Reading()
        copy, data = event(8 * SCALE, insert(number, out=True))
        copies = await stored(store, (replace(copy, arrival=number), data))
        heard = await hearing.listen("news", seen(SHOWN, *copies), store)
        assert [signal.id for signal in heard.signals] == [number]


async def test_two_encoders_events_are_heard_as_one_signal() -> None:
    store = Reading()
    copies = await stored(
        store,
        event(8 * SCALE, struct(1, 4 * SCALE, OUT)),
        event(8 * SCALE + 9, struct(1, 4 * SCALE - 9, OUT), source="b"),
    )
    heard = await Hearing().listen("news", seen(SHOWN, *copies), store)
    assert len(heard.each) == 2
    assert [signal.begins for signal in heard.signals] == [12]


async def test_a_damaged_cue_is_told_once_and_the_others_are_heard() -> None:
    store, hearing = Reading(), Hearing()
    broken = [event(at * SCALE, OUT[:-1] + b"?") for at in range(3)]
    copies = await stored(store, *broken, event(8 * SCALE, OUT), event(9 * SCALE, b"opaque"))
    missing = replace(copies[-1], time=10 * SCALE)
    with capture_logs() as lines:
        heard = await hearing.listen("news", seen(SHOWN, *copies, missing), store)
    assert [signal.begins for signal in heard.signals] == [8]
    assert [(line["code"], line["count"]) for line in lines] == [
        ("SIGNAL_DAMAGED", 1),
        ("SIGNAL_DAMAGED", 2),
    ]
    assert "CRC_32 is wrong" in lines[0]["event"]
