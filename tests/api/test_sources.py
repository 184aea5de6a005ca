"""A source is disconnected: its POSTs end, others' go on, and it may come back."""

from tests.api.long import pushing
from tests.door import shown
from tests.operating import PLAIN, opened, order
from tests.server.wire import eventually

AT = "/api/v1/channels/news/sources"


async def test_its_posts_end_and_others_go_on() -> None:
    async with opened({"news": PLAIN}) as house:
        channel = house.channels["news"]
        paths = [f"/news.isml/Streams({s})?source=enc_{s[0]}" for s in ("a1", "a2", "b")]
        async with (
            pushing(house, paths[0]) as one,
            pushing(house, paths[1]) as two,
            pushing(house, paths[2]) as other,
        ):
            assert await eventually(lambda: channel.posts.total() == 3)
            status, told = await order(house, f"{AT}/enc_a/disconnect", {})
            assert (status, told["posts"]) == (200, 2)
            for post in (one, two):
                answer = await post.answer()
                assert (answer.status, b"INGEST_DISCONNECTED" in answer.body) == (503, True)
                assert "retry-after" in answer.fields
            await other.send(0)
            await shown(channel, [0])
            assert await other.end() == 200
            status, told = await order(house, f"{AT}/enc_a/disconnect", {})
            assert (status, told["code"]) == (404, "CONTROL_SOURCE_UNKNOWN")
        async with pushing(house, paths[0]) as again:
            await again.send(1)
            await shown(channel, [0, 1])
            assert await again.end() == 200
        codes = [event.code for event in channel.journal.events.values()]
        assert codes.count("SOURCE_DISCONNECTED") == 1


async def test_a_post_inside_a_fragment_may_finish_it() -> None:
    """It ends behind its current fragment, when that comes soon."""
    async with opened({"news": PLAIN}) as house, pushing(house) as post:
        channel = house.channels["news"]
        await post.begin(0)
        assert await eventually(lambda: channel.posts.total() == 1)
        (sender,) = channel.posts
        assert (await order(house, f"{AT}/{sender.source}/disconnect", {}))[0] == 200
        await post.finish(0)
        answer = await post.answer()
        assert answer.status == 503
        await shown(channel, [0])
