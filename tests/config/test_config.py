"""The configuration: defaults, file, environment, and every error at once."""

import os
import re
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

from relay.config import ChannelTable, Config, load
from relay.config.sample import sample
from relay.config.tables import UpstreamTable, WebhookTable
from relay.errors import ConfigInvalid
from tests.config.written import NEWS, Written

ROOT = Path(__file__).parent.parent.parent


def test_the_shipped_file_is_what_init_prints_and_holds_the_defaults(written: Written) -> None:
    shipped = ROOT / "conf" / "relay.toml"
    assert shipped.read_text("utf-8") == sample()
    assert load(shipped) == written.load(NEWS)
    assert load(shipped).channels == {"news": ChannelTable()}


def test_init_shows_every_key_with_its_meaning() -> None:
    uncommented = re.sub(r"(?m)^# (\w+ =|\[)", r"\1", sample())
    told = tomllib.loads(uncommented)
    upstream = told["channels"]["news"]["upstreams"]["eu"]
    assert set(upstream) == set(UpstreamTable.model_fields)
    config = Config(**tomllib.loads(sample())).model_dump()
    assert set(told["webhooks"]["noc"]) == set(WebhookTable.model_fields)
    assert {name: set(table) for name, table in told.items() if name != "webhooks"} == {
        name: set(table) for name, table in config.items() if name != "webhooks"
    }
    assert set(told["channels"]["news"]) == set(ChannelTable.model_fields)
    for line in uncommented.splitlines():
        if " = " in line:
            assert line.partition(" # ")[2]


@pytest.mark.parametrize(
    ("said", "duration"),
    [
        ('"1.92"', Fraction(48, 25)),
        ('"2002/1000"', Fraction(1001, 500)),
        ('"2"', Fraction(2)),
        ("2", Fraction(2)),
        ('"60"', Fraction(60)),
    ],
)
def test_an_exact_duration(written: Written, said: str, duration: Fraction) -> None:
    config = written.load(f"{NEWS}fragment_duration = {said}")
    assert config.channels["news"].fragment_duration == duration


def test_a_bare_float_is_refused_with_what_to_write(written: Written) -> None:
    assert written.refused(f"{NEWS}fragment_duration = 1.92") == [
        (
            f"{written.path}: channels.news.fragment_duration - Value error,"
            ' write it in quotes, "1.92" or "2002/1000": a bare number is not exact - got 1.92'
        )
    ]


@pytest.mark.parametrize(
    "said",
    [
        *("true", "-2", "0", "61", "[]", "{}", "2026-01-01", "nan", "inf", "1e3"),
        *('"0"', '"0/5"', '"1/0"', '"0.001"', '"60.1"', '"1_0"', '"-1"', '" 2"', '"2\\n"', '""'),
        *('"1e3"', '"nan"', '"٢"'),
    ],
)
def test_durations_that_are_none(written: Written, said: str) -> None:
    (line,) = written.refused(f"{NEWS}fragment_duration = {said}")
    assert "channels.news.fragment_duration - " in line


def test_the_environment_comes_before_the_file(
    written: Written, environment: os._Environ[str]
) -> None:
    environment |= {
        "RELAY_SERVER__LISTEN": "127.0.0.1:1",
        "RELAY_STORE__DURABLE": "false",
        "RELAY_CHANNELS__NEWS__PATIENCE": "3",
        "RELAY_CHANNELS__NEWS__FRAGMENT_DURATION": "1.92",
        "RELAY_CHANNELS__NEWS__FIRST_INDEX": "1",
        "RELAY_CHANNELS__SPORT__DVR_WINDOW": "60",
    }
    config = written.load(f"{NEWS}patience = 1.0\nanchor = 'utc'\n[server]\nadmin = '[::1]:2'")
    assert (config.server.listen, config.server.admin) == ("127.0.0.1:1", "[::1]:2")
    assert not config.store.durable
    assert config.channels == {
        "news": ChannelTable(
            patience=3, fragment_duration=Fraction(48, 25), first_index=1, anchor="utc"
        ),
        "sport": ChannelTable(dvr_window=60),
    }


def test_the_environment_says_numbers_of_which_only_some_may_be(
    written: Written, environment: os._Environ[str]
) -> None:
    environment["RELAY_CLUSTER__REPLICAS"] = "1"
    assert written.load(NEWS).cluster.replicas == 1
    environment["RELAY_CLUSTER__REPLICAS"] = "2"
    (line, *_) = written.refused(NEWS)
    assert "cluster.replicas" in line


def test_a_misspelt_setting_is_answered_with_the_right_one(written: Written) -> None:
    (line, *_) = written.refused(f"{NEWS}patiance = 1")
    assert "channels.news.patiance - no such setting; did you mean patience?" in line
    (line, *_) = written.refused(f"{NEWS}qqqq = 1")
    assert "channels.news.qqqq - no such setting - got 1" in line


def test_an_error_of_the_environment_names_the_variable(
    written: Written, environment: os._Environ[str]
) -> None:
    environment["RELAY_CHANNELS__NEWS__PATIENCE"] = "long"
    environment["RELAY_SERVER__LISTN"] = "x"
    assert [line.partition(" - ")[0] for line in written.refused(NEWS)] == [
        "environment (RELAY_SERVER__LISTN): server.listn",
        "environment (RELAY_CHANNELS__NEWS__PATIENCE): channels.news.patience",
    ]
    environment["RELAY_CHANNELS"] = "{"
    (line,) = written.refused(NEWS)
    assert line.startswith("environment: ")


def test_all_errors_are_told_at_once_each_with_its_path(written: Written) -> None:
    lines = written.refused(
        """
        colour = "red"
        [server]
        listen = 5
        admn = "127.0.0.1:1"
        [store]
        kind = "tape"
        [channels.news]
        patience = nan
        dvr_window = 9
        first_index = 2
        [channels.News]
        """
    )
    paths = {line.removeprefix(f"{written.path}: ").partition(" - ")[0] for line in lines}
    assert paths == {
        *("colour", "server.listen", "server.admn", "store.kind", "channels.news.patience"),
        *("channels.news.dvr_window", "channels.news.first_index", "channels.News"),
    }


@pytest.mark.parametrize("key", ["_env_file", "_cli_parse_args", "_secrets_dir", "_x"])
def test_no_key_reaches_the_arguments_of_the_library(written: Written, key: str) -> None:
    assert written.refused(f'{key} = "x"\n{NEWS}') == [f"{written.path}: {key} - no such key"]


@pytest.mark.parametrize(
    "address", ["", "8080", ":8080", "host:", "host:65536", "host:99999", "a b:1", "::1:80", "h:-1"]
)
def test_addresses_that_are_none(written: Written, address: str) -> None:
    (line,) = written.refused(f'{NEWS}[server]\nlisten = "{address}"')
    assert "server.listen - " in line


@pytest.mark.parametrize("name", ["News", "a-b", "a.b", "_a", "ä", "a b", "", "a" * 65, "a\\n"])
def test_names_that_no_url_could_hold(written: Written, name: str) -> None:
    (line,) = written.refused(f'[channels."{name}"]')
    assert "channels." in line


def test_a_configuration_without_channels_says_what_to_add(written: Written) -> None:
    with pytest.raises(ConfigInvalid, match="no channel is configured") as caught:
        written.load("")
    assert "[channels.news]" in caught.value.hint


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="no such file") as caught:
        load(tmp_path / "absent.toml")
    assert "relay init" in caught.value.hint
    with pytest.raises(ConfigInvalid, match="directory"):
        load(tmp_path)
    with pytest.raises(ConfigInvalid, match="name too long"):
        load(tmp_path / ("x" * 300))
    broken = tmp_path / "broken.toml"
    for data in (b"a = ", b"\xff", b"a = 1\na = 2"):
        broken.write_bytes(data)
        with pytest.raises(ConfigInvalid, match="no TOML"):
            load(broken)


def test_aliases_of_tracks(written: Written, environment: os._Environ[str]) -> None:
    table = '[channels.news.tracks]\nalias = { "audio_eng-1" = "audio-1" }'
    assert written.load(table).channels["news"].tracks.alias == {"audio_eng-1": "audio-1"}
    environment["RELAY_CHANNELS__NEWS__TRACKS__ALIAS"] = '{"a-1": "b-1"}'
    assert written.load(NEWS).channels["news"].tracks.alias == {"a-1": "b-1"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('{ "a-1" = "a-1" }', "an alias of itself"),
        ('{ "a-1" = "b-1", "b-1" = "c-1" }', "is an alias too"),
        ('{ "a-1" = "b" }', "must be a plain name"),
        ('{ "a-1" = 5 }', "valid string"),
    ],
)
def test_aliases_that_cannot_be_meant(written: Written, said: str, why: str) -> None:
    (line,) = written.refused(f"{NEWS}[channels.news.tracks]\nalias = {said}")
    assert "channels.news.tracks.alias" in line
    assert why in line


def test_a_preferred_source_has_the_name_of_one(written: Written) -> None:
    assert written.load(f'{NEWS}prefer = "enc_a"').channels["news"].prefer == "enc_a"
    (line,) = written.refused(f'{NEWS}prefer = "enc a"')
    assert "channels.news.prefer - " in line


@pytest.mark.parametrize("said", ["http://relay2:8080", "https://[::1]:1/live", "http://10.0.0.1"])
def test_a_peer_is_a_url(written: Written, said: str) -> None:
    assert written.load(f'{NEWS}peer = "{said}"').channels["news"].peer == said


@pytest.mark.parametrize(
    "said", ["relay2:8080", "ftp://x", "http://", "http://a@b", "http://a?b", "http://a b", ""]
)
def test_peers_that_are_none(written: Written, said: str) -> None:
    (line,) = written.refused(f'{NEWS}peer = "{said}"')
    assert "channels.news.peer - " in line


def test_fragments_too_short_to_be_numbered_from_1970_are_refused(written: Written) -> None:
    text = '[channels.news]\nfragment_duration = "0.32"\n'
    (line,) = written.refused(text)
    assert "do not fit 32 bits" in line
    local = written.load(text + 'anchor = "arrival"\n')
    assert local.channels["news"].fragment_duration == Fraction(8, 25)


@pytest.mark.parametrize("admin", ["0.0.0.0:8081", "[::]:8081", "10.0.0.1:1", "relay.example:8081"])
def test_an_admin_port_that_others_reach_needs_a_token(written: Written, admin: str) -> None:
    said = f'[server]\nadmin = "{admin}"\n'
    (line,) = written.refused(said + NEWS)
    assert "set admin_token_file" in line
    assert "server" in line
    token = written.path.parent / "token"
    config = written.load(f'{said}admin_token_file = "{token}"\n{NEWS}')
    assert config.server.admin_token_file == token


@pytest.mark.parametrize("admin", ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1"])
def test_one_that_only_this_machine_reaches_does_not(written: Written, admin: str) -> None:
    assert written.load(f'[server]\nadmin = "{admin}"\n{NEWS}').server.admin_token_file is None
