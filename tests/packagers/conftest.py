from dataclasses import replace

import pytest

from packagers.origin import Origin
from relay.presentation import Rendition
from relay.store.memory import MemoryStore
from tests.packagers.player import AUDIO, LAST, NOW, VIDEO, Channel
from tests.packagers.presentations import (
    FIRST,
    copy_of,
    presentation,
    regular,
    rendition,
    stored,
    video,
)
from tests.packagers.strict_hls import MISSING, Strict, read_all


@pytest.fixture
def strict() -> Strict:
    """What hls-parser, in strict mode, reads from playlists."""
    if MISSING:
        pytest.skip("hls-parser wants node and tests/e2e/node_modules (make players)")
    return read_all


@pytest.fixture
async def channel() -> Channel:
    store = MemoryStore()
    segments = regular(VIDEO)
    segments[2] = replace(segments[2], gap=True, size=0)
    shown = {VIDEO: segments, AUDIO: regular(AUDIO)}
    for track, kept in shown.items():
        # One that has left the window; and one that the store has and nobody has placed yet.
        for segment in [*regular(track, FIRST - 1, 1), *kept, *regular(track, LAST + 1, 1)]:
            if not segment.gap:
                await store.put(copy_of(track, segment), [stored(segment)])
    waiting = Rendition(video(bitrate=500_000))
    renditions = [rendition(track, kept) for track, kept in shown.items()]
    return Channel(presentation(*renditions, waiting), store)


@pytest.fixture
def origin(channel: Channel) -> Origin:
    empty = Channel(presentation(), MemoryStore())
    return Origin({"news": channel, "idle": empty}, clock=lambda: NOW)
