"""`relay channel`, `relay upstream`, `relay disconnect` and `relay reload`, as they are typed."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs
from typer.testing import CliRunner

from relay.__main__ import cli
from relay.errors import OperatorError
from tests.api.long import pushing
from tests.monitor.test_command import admin
from tests.operating import PLAIN, opened, order
from tests.server.wire import eventually

UP = {"upstreams": {"eu": {"url": "http://127.0.0.1:9/live/news.isml"}}}


async def typed(*words: str) -> tuple[int, str]:
    """Exit code and what was said."""
    with capture_logs():  # the relay is in this process: what it logs is not what the command says
        ran = await asyncio.to_thread(CliRunner().invoke, cli, [*words])
    if isinstance(ran.exception, OperatorError):
        return 1, f"{ran.exception.message}\n{ran.exception.hint}"
    return ran.exit_code, ran.output


async def test_channels_are_listed_stopped_started_and_removed(tmp_path: Path) -> None:
    async with opened({"news": PLAIN}, tmp_path) as house:
        await order(house, "/api/v1/channels/film", PLAIN, method="PUT")
        await order(house, "/api/v1/channels/news", PLAIN | {"patience": 9}, method="PUT")
        where = ("--url", admin(house))
        code, said = await typed("channel", "list", *where)
        assert (code, said.splitlines()) == (
            0,
            [
                "news: running, DOWN; unlike the file: patience",
                "film: running, DOWN (made by the API)",
            ],
        )
        code, said = await typed("channel", "stop", "film", *where)
        assert (code, "relay channel start film" in said) == (0, True)
        assert [*house.channels] == ["news"]
        code, said = await typed("status", *where)
        assert (code, "film  STOPPED" in said) == (0, True)
        assert await typed("channel", "start", "film", *where) == (0, "film runs.\n")
        assert await typed("channel", "remove", "film", *where) == (0, "film was removed.\n")
        code, said = await typed("channel", "remove", "film", *where)
        assert (code, "There is no channel film." in said) == (1, True)


async def test_upstreams_and_sources() -> None:
    async with opened({"news": {**PLAIN, **UP}}) as house, pushing(house) as post:
        where = ("--url", admin(house))
        for word, text in (
            ("pause", "gets nothing"),
            ("resume", "goes on"),
            ("restart", "begins again"),
        ):
            code, said = await typed("upstream", word, "news", "eu", *where)
            assert (code, text in said) == (0, True)
        assert await eventually(lambda: house.channels["news"].posts.total() == 1)
        (sender,) = house.channels["news"].posts
        code, said = await typed("disconnect", "news", sender.source, *where)
        assert (code, said) == (0, f"{sender.source} was disconnected: 1 POST.\n")
        assert (await post.answer()).status == 503


async def test_a_token_is_shown_and_a_reload_says_what_it_did(tmp_path: Path) -> None:
    conf, token = tmp_path / "relay.toml", tmp_path / "admin"
    token.write_text("a-good-token-of-24-chars")
    text = (
        '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[store]\nkind = "memory"\n'
        '[channels.news]\nfragment_duration = "2"\n'
    )
    conf.write_text(text)
    async with opened({}, conf=conf, admin_token_file=str(token)) as house:
        where = ("--url", admin(house))
        code, said = await typed("reload", *where)
        assert (code, "wants its token" in said, "--token-file" in said) == (1, True, True)
        with_token = (*where, "--token-file", str(token))
        code, said = await typed("status", *with_token)
        assert (code, "news" in said) == (0, True)
        conf.write_text(text.replace('"2"', '"4"\npatience = 3') + "[channels.film]\n")
        code, said = await typed("reload", *with_token)
        assert (code, said.splitlines()) == (
            0,
            [
                "added: film",
                "changed: news: patience",
                "waits for the next start of news: fragment_duration",
                "waits for the next start of the relay: server.admin_token_file",
            ],
        )
        conf.write_text(text + "colour = 1\n")
        code, said = await typed("reload", *with_token)
        assert (code, "channels.news.colour" in said) == (1, True)
