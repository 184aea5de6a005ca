"""What is in force, and why."""

import json
import os
import tomllib

from relay.config import load
from relay.config.effective import effective, schema
from tests.config.written import NEWS, Written

SAID = """
[store]
kind = "memory"
[channels.news]
fragment_duration = "2002/1000"
[channels.news.tracks]
alias = { "audio_eng-128000" = "audio-128000" }
[channels.news.upstreams.eu]
url = "https://eu.example/live/news.isml?token=secret"
[channels.sport]
"""


def test_each_value_has_its_origin(written: Written, environment: os._Environ[str]) -> None:
    environment["RELAY_CHANNELS__NEWS__PATIENCE"] = "3"
    told = effective(written.path, written.load(SAID)).splitlines()
    lines = {line.partition(" # ")[0].rstrip(): line.partition(" # ")[2] for line in told}
    assert lines['kind = "memory"'] == "file"
    assert lines["durable = true"] == "default"
    assert lines['fragment_duration = "1001/500"'] == "file"
    assert lines["patience = 3.0"] == "environment, RELAY_CHANNELS__NEWS__PATIENCE"
    assert lines["patience = 1.5"] == "default"
    assert told.index("[channels.news.upstreams.eu]") < told.index("[channels.sport]")


def test_what_is_printed_can_be_read_back(written: Written) -> None:
    config = written.load(SAID.replace("?token=secret", ""))
    again = effective(written.path, config)
    assert tomllib.loads(again)["channels"]["news"]["tracks"]["alias"] == {
        "audio_eng-128000": "audio-128000"
    }
    assert written.load(again) == config
    assert load(written.path) == config


def test_what_may_be_a_secret_is_masked(written: Written) -> None:
    told = effective(written.path, written.load(SAID))
    assert "secret" not in told
    assert 'url = "https://eu.example/live/news.isml?..."' in told


def test_the_schema_knows_every_table_and_refuses_the_rest(written: Written) -> None:
    told = json.loads(schema())
    relay_wide = {
        *("server", "tls", "front_end", "limits", "store", "cluster"),
        *("clock", "webhooks"),
    }
    assert set(told["properties"]) == {*relay_wide, "channels"}
    channel = told["$defs"]["ChannelTable"]
    assert channel["additionalProperties"] is False
    assert (
        channel["properties"]["dvr_window"]["default"]
        == written.load(NEWS).channels["news"].dvr_window
    )
    exact = channel["properties"]["fragment_duration"]["anyOf"][0]
    assert set(exact["type"]) == {"string", "integer"}
