"""The settings of upstreams: what they need, and what cannot be meant together."""

import pytest

from relay.config.tables import UpstreamTable
from tests.config.written import NEWS, Written

UPSTREAM = NEWS + "[channels.news.upstreams.eu]\nurl = 'https://eu.example/live/news.isml'\n"


def test_an_upstream_needs_no_more_than_its_url(written: Written) -> None:
    (upstream,) = written.load(UPSTREAM).channels["news"].upstreams.values()
    assert upstream == UpstreamTable(url="https://eu.example/live/news.isml")


@pytest.mark.parametrize(
    "url",
    [
        *("eu.example/news.isml", "ftp://eu/news.isml", "https://eu/news.mp4"),
        *("https://me:secret@eu/news.isml", "https://eu/news.isml/Streams(a)"),
        *("https://eu/news.isml/Events(1)", "https://eu/news.isml#a", "https://eu/ news.isml"),
        "https://eu/\u200bnews.isml",
        *("https://eu.[a/news.isml", "https://eu:65536/news.isml", "https://eu:a/news.isml"),
    ],
)
def test_the_url_of_an_upstream_is_a_publishing_point(written: Written, url: str) -> None:
    (line,) = written.refused(NEWS + f"[channels.news.upstreams.eu]\nurl = '{url}'\n")
    assert "channels.news.upstreams.eu.url" in line


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("username = 'a'", "go together"),
        ("password_file = '/a'", "go together"),
        ("username = 'a'\npassword_file = '/a'\ntoken_file = '/b'", "either"),
        ("key_file = '/a'", "cert_file"),
        ("stamp_index = 16", "stamp_index"),
        ("catch_up = 1", "catch_up"),
        ("backup_of = 'eu'", "backup_of"),
        ("backup_of = 'us'", "backup_of"),
        ("tokenfile = '/a'", "did you mean token_file"),
    ],
)
def test_settings_of_an_upstream_that_do_not_agree(written: Written, said: str, why: str) -> None:
    (line,) = written.refused(UPSTREAM + said + "\n")
    assert why in line
    assert "channels.news" in line


def test_a_backup_is_of_another_upstream_that_is_none(written: Written) -> None:
    us = "[channels.news.upstreams.us]\nurl = 'https://us.example/news.isml'\nbackup_of = 'eu'\n"
    assert written.load(UPSTREAM + us).channels["news"].upstreams["us"].backup_of == "eu"
    asia = us.replace("us", "asia").replace("'eu'", "'us'")
    assert len(written.refused(UPSTREAM + us + asia)) == 1
