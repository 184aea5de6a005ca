"""Upstreams that lead back to the relay that has them."""

import socket
from pathlib import Path

import pytest

from relay.config.loops import loops
from tests.test_main import relay

ANY = "0.0.0.0:8080"


def own(listen: str, url: str) -> bool:
    return bool(loops(listen, {"news": {"eu": url}}))


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (ANY, "http://127.0.0.1:8080/news.isml"),
        (ANY, "http://127.0.0.9:8080/live/news.ISML"),
        (ANY, "http://localhost:8080/news.isml"),
        (ANY, "HTTP://LOCALHOST:8080/news.isml?x=y"),
        (ANY, f"http://{socket.gethostname()}:8080/news.isml"),
        ("127.0.0.1:80", "http://127.0.0.1/news.isml"),
        ("127.0.0.1:8080", "http://localhost:8080/news.isml"),
        ("localhost:8080", "http://127.0.0.1:8080/news.isml"),
        ("relay.invalid:8080", "http://relay.invalid:8080/news.isml"),
        ("[::]:8080", "http://localhost:8080/news.isml"),
    ],
)
def test_an_address_of_ours_with_the_same_channel_is_a_loop(listen: str, url: str) -> None:
    assert own(listen, url)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (ANY, "http://127.0.0.1:8081/news.isml"),
        (ANY, "http://127.0.0.1:8080/sport.isml"),
        (ANY, "http://203.0.113.7:8080/news.isml"),
        (ANY, "http://eu.invalid:8080/news.isml"),
        (ANY, "http://127.0.0.1/news.isml"),
        (ANY, "https://127.0.0.1/news.isml"),
        (ANY, "http://127.0.0.1:99999/news.isml"),
        ("127.0.0.1:8080", "http://127.0.0.2:8080/news.isml"),
    ],
)
def test_another_receiver_is_none(listen: str, url: str) -> None:
    assert not own(listen, url)


def test_a_way_back_over_other_channels_is_told_and_a_way_on_is_not() -> None:
    def at(name: str) -> str:
        return f"http://localhost:8080/{name}.isml"

    chain = {"a": {"x": at("b")}, "b": {"y": at("c")}, "c": {}}
    assert loops(ANY, chain) == []
    assert loops(ANY, {**chain, "c": {"out": "http://203.0.113.7/c.isml"}}) == []
    found = loops(ANY, {**chain, "c": {"z": at("a")}})
    assert len(found) == 3
    assert found[0].startswith(f"channels.a.upstreams.x.url - {at('b')} leads back to channel a")
    assert "by way of its channel b by way of its channel c" in found[0]
    aside = loops(ANY, {**chain, "c": {"z": at("b")}})
    assert [line.split()[0] for line in aside] == [
        "channels.b.upstreams.y.url",
        "channels.c.upstreams.z.url",
    ]


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_loop_is_refused_before_anything_starts(tmp_path: Path, command: str) -> None:
    conf = tmp_path / "relay.toml"
    conf.write_text(
        '[store]\nkind = "memory"\n[channels.news.upstreams.me]\n'
        'url = "http://localhost:8080/news.isml"\n'
    )
    told = relay(command, conf)
    assert (told.returncode, told.stdout) == (78, "")
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"relay: {conf}: channels.news.upstreams.me.url - ")
    assert "another receiver" in line
