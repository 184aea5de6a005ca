"""What other settings come to: what is taken at once, what waits, and that nothing is forgotten."""

from typing import Any

from relay.config import ChannelTable, Config
from relay.config.plan import LIVE, Change, fixed, plan

LATER = {"anchor", "first_index", "fragment_duration"}
EU = {"url": "https://eu.example/news.isml"}


def table(**said: Any) -> ChannelTable:
    return ChannelTable.model_validate(said)


def test_each_setting_is_taken_at_once_or_waits() -> None:
    assert set(ChannelTable.model_fields) == LIVE | LATER
    assert not LIVE & LATER


def test_channels_come_go_and_stay() -> None:
    one, other = table(patience=1), table(patience=2)
    found = plan({"a": one, "b": one, "c": one}, {"b": one, "c": other, "d": other})
    assert found.added == {"d": other}
    assert found.removed == ("a",)
    assert found.changed == (Change("c", other, ("patience",), ()),)


def test_nothing_changes_between_equals() -> None:
    same = {"a": table(upstreams={"eu": EU}), "b": table()}
    again = {name: table(**each.model_dump(exclude_unset=True)) for name, each in same.items()}
    found = plan(same, again)
    assert (found.added, found.removed, found.changed) == ({}, (), ())


def test_what_cannot_be_taken_stays_as_it_was_and_is_said_by_name() -> None:
    running = table(fragment_duration="2", patience=1)
    wanted = table(fragment_duration="1.92", patience=3, anchor="utc", dvr_window=600)
    (change,) = plan({"a": running}, {"a": wanted}).changed
    assert change.taken == ("dvr_window", "patience")
    assert change.later == ("fragment_duration", "anchor")
    assert change.table == table(fragment_duration="2", patience=3, dvr_window=600)
    # It is said again, until the channel is started again.
    (again,) = plan({"a": change.table}, {"a": wanted}).changed
    assert (again.taken, again.later) == ((), ("fragment_duration", "anchor"))


def test_upstreams_and_sources_are_told_one_by_one() -> None:
    running = table(upstreams={"eu": EU, "us": EU}, sources={"enc_a": {}})
    wanted = table(
        upstreams={"eu": EU, "us": EU | {"catch_up": 2}, "asia": EU}, sources={"enc_b": {}}
    )
    (change,) = plan({"a": running}, {"a": wanted}).changed
    assert set(change.taken) == {"upstreams.us", "upstreams.asia", "sources.enc_a", "sources.enc_b"}
    assert change.table == wanted


def test_settings_of_the_relay_itself_wait() -> None:
    one = Config.model_validate({"server": {"listen": "127.0.0.1:1"}})
    other = Config.model_validate(
        {"server": {"listen": "127.0.0.1:2"}, "store": {"kind": "memory", "durable": False}}
    )
    assert fixed(one, other) == ["server.listen", "store.kind", "store.durable"]
    assert fixed(one, one) == []
