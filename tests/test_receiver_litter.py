"""What a POST leaves behind when it is over, however it ends: nothing that has to be searched for.

What refers to itself in a circle lives until the next search, and with a connection its body does.
"""

import pytest

from tests.door import LAST, PATH, Door, chunked, opened, request, shown, video
from tests.litter import littered, ours
from tests.mp4 import recorded
from tests.server.wire import Census, chunk, connected
from tests.test_receiver_refusals import CASES, GOOD

STRANGE = recorded.u32(16) + bytes(range(12))
"""A box of no type."""
ANSWERED = {
    "at its end": request(PATH) + chunked(GOOD) + LAST,
    "at its end, in a box": request(PATH) + chunked(GOOD + video(1)[:-1]) + LAST,
    "behind a fragment": request(PATH) + chunk(GOOD + STRANGE),
    "in pieces": request(PATH) + chunked(GOOD + STRANGE, 5),
    **{name: head + (chunk(body) if body else b"") for name, (head, body, *_) in CASES.items()},
}
del ANSWERED["another configuration"]  # of itself it is in order

CUT = {
    "in a box": request(PATH) + chunked(GOOD + video(1)[:-1]),
    "in a chunk": request(PATH) + chunked(GOOD)[:-9],
}


async def _spend(door: Door, sent: bytes, *, answered: bool) -> None:
    async with connected(door.address) as client:
        await client.send(sent)
        if answered:
            await client.answer()


@pytest.mark.threat("T05", "T06", "T08", "T16")
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "cut"])
async def test_nothing_of_a_post_is_left(*, answered: bool) -> None:
    for end, sent in (ANSWERED if answered else CUT).items():
        async with opened() as door:
            census = Census()
            await _spend(door, sent, answered=answered)
            assert await census.restored(), end
            with littered() as found:
                for _ in range(3):
                    await _spend(door, sent, answered=answered)
                assert await census.restored(), end
        assert not ours(found), end


@pytest.mark.parametrize("apart", [False, True], ids=["one chunk", "two chunks"])
async def test_a_fault_is_told_at_once_and_what_was_complete_counts(*, apart: bool) -> None:
    body = chunk(GOOD) + chunk(STRANGE) if apart else chunk(GOOD + STRANGE)
    async with opened(idle=60_000) as door, connected(door.address) as client:
        await client.send(request(PATH) + body)
        assert (await client.answer()).status == 400
        await shown(door.channel, [0])
