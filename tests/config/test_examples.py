"""The examples in conf/: each passes `relay check` and says what its first lines promise."""

from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from relay.__main__ import cli
from relay.config import load

CONF = Path(__file__).parent.parent.parent / "conf"
EXAMPLES = sorted(CONF.glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes_the_check(path: Path) -> None:
    ran = CliRunner().invoke(cli, ["check", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "good. Channels: news." in ran.output.replace("\n", " ")


def test_both_regions_are_always_fed() -> None:
    upstreams = load(CONF / "two-regions.toml").channels["news"].upstreams
    assert set(upstreams) == {"eu", "us"}
    assert [upstream.backup_of for upstream in upstreams.values()] == [None, None]


def test_one_file_does_for_both_of_a_pair() -> None:
    config = load(CONF / "pair.toml")
    news = config.channels["news"]
    assert len(news.upstreams) == 1
    assert news.peer is None, "the other one has another name for each of them"
    assert (news.fragment_duration, news.anchor) == (Fraction("1.92"), "utc")
    assert config.server.listen.startswith("0.0.0.0:")


def test_two_nodes_share_on_three_brokers() -> None:
    config = load(CONF / "two-nodes.toml")
    assert config.store.kind == "jetstream"
    assert len(config.cluster.servers) == config.cluster.replicas == 3
    news = config.channels["news"]
    assert (news.fragment_duration, news.anchor) == (Fraction("1.92"), "utc")


def test_each_of_two_encoders_has_its_own_token() -> None:
    news = load(CONF / "active-active.toml").channels["news"]
    assert set(news.sources) == {"enc_a", "enc_b"}
    assert len({source.token_file for source in news.sources.values()}) == 2
    assert (news.fragment_duration, news.anchor) == (Fraction("1.92"), "utc")
