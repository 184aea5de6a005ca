"""What a scraper reads."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from relay.monitor.metrics import FAMILIES, HISTOGRAMS, Metrics, route
from relay.store.memory import MemoryStore
from relay.uplink.attempt import State
from relay.uplink.standing import Standing
from tests.door import PATH, TRACK, Door, header, opened, shown, video

CONF = Path(__file__).parents[2] / "conf"


def scraped(door: Door, accept: str = "") -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of one scrape."""
    counts = door.receiver.counts
    page = Starlette(routes=[route(Metrics(door.channels, counts, lambda: 0.25, door.clock))])
    answer = TestClient(page).get("/metrics", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def at(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_copies_and_their_outcomes_are_counted_by_source() -> None:
    body = header() + b"".join(video(index) for index in range(3))
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", body)
        await door.push(f"{PATH}?source=enc_b", body)
        await door.push("/nobody.isml/Streams(x)", b"")
        await shown(door.channel, range(3))
        found = scraped(door)
    of_b = {"channel": "news", "source": "enc_b", "track": TRACK}
    won = at("relay_ingest_fragments_total", **{**of_b, "source": "enc_a"}, outcome="won")
    assert found[won] == 3
    assert found[at("relay_ingest_fragments_total", **of_b, outcome="duplicate")] == 3
    sizes = {s: found[at("relay_ingest_bytes_total", channel="news", source=s)] for s in AB}
    assert sizes == dict.fromkeys(AB, sum(len(video(index)) for index in range(3)))
    assert found[at("relay_ingest_rejected_total", reason="INGEST_POINT_UNKNOWN")] == 1
    assert found[at("relay_channel_protection_copies", channel="news")] == 2
    assert found[at("relay_channel_state", channel="news", state="on_air")] == 1
    assert found[at("relay_channel_state", channel="news", state="silent")] == 0
    assert found[at("relay_source_last_fragment_timestamp_seconds", **of_b)] == 1_800_000_000
    assert found[at("relay_event_loop_lag_seconds")] == 0.25
    late = at("relay_source_lateness_seconds_bucket", **of_b, le="0.01")
    assert found[late] == 3, "the hands of the clock did not move"
    assert found[at("relay_source_lateness_seconds_count", **{**of_b, "source": "enc_a"})] == 3


AB = ("enc_a", "enc_b")


async def test_a_copy_that_differs_is_counted_once() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", header() + video(0) + video(1))
        await shown(door.channel, range(2))
        await door.push(f"{PATH}?source=enc_b", header() + video(0, late=400_000) + video(1))
        found = scraped(door)
    of_b = {"channel": "news", "source": "enc_b", "track": TRACK}
    counted = {
        outcome: found[at("relay_ingest_fragments_total", **of_b, outcome=outcome)]
        for outcome in ("duplicate", "differs")
    }
    assert counted == {"duplicate": 1, "differs": 1}


@pytest.mark.threat("T29")
async def test_a_sender_without_a_name_is_counted_and_its_address_is_no_label() -> None:
    async with opened() as door:
        await door.push(PATH, header() + video(0))
        await shown(door.channel, range(1))
        found = scraped(door)
    assert not [labels for _, labels in found if any("127.0.0.1" in value for _, value in labels)]
    copies = at(
        "relay_ingest_fragments_total",
        channel="news",
        source="unnamed",
        track=TRACK,
        outcome="won",
    )
    assert found[copies] == 1


async def test_gaps_refusals_and_upstreams_are_told() -> None:
    said = {"200": 3, "503": 2}
    standing = Standing(
        State.RETRYING, sent=7, lost=2, retries=3, backlog=5, seconds=10.0, answers=said
    )
    async with opened() as door:
        door.channel.upstreams["eu"] = lambda: standing
        door.channel.gaps[TRACK] = 4
        door.channel.refusals["PLAYBACK_FAIL_OVER"] += 3
        await door.push(PATH, header() + video(0))
        await shown(door.channel, range(1))
        found = scraped(door)
    eu = {"channel": "news", "upstream": "eu"}
    assert found[at("relay_timeline_gap_seconds_total", channel="news", track=TRACK)] == 8
    refused = at("relay_playback_refused_total", channel="news", reason="PLAYBACK_FAIL_OVER")
    assert found[refused] == 3
    assert found[at("relay_timeline_last_time_seconds", channel="news", track=TRACK)] == 1.8e9
    assert {s: found[at("relay_upstream_state", **eu, state=s)] for s in map(str, State)} == {
        str(state): state is State.RETRYING for state in State
    }
    assert found[at("relay_upstream_fragments_total", **eu, outcome="lost")] == 2
    assert found[at("relay_upstream_backlog_seconds", **eu)] == 10
    assert found[at("relay_upstream_responses_total", **eu, code="503")] == 2


async def test_what_a_cluster_has_otherwise_is_counted() -> None:
    class Apart(MemoryStore):
        @property
        def unlike(self) -> int:
            return 3

    async with opened({"news": Apart(), "film": MemoryStore()}) as door:
        found = scraped(door)
    assert found[at("relay_channel_store_unlike_total", channel="news")] == 3
    assert found[at("relay_channel_store_unlike_total", channel="film")] == 0


async def test_names_are_those_of_the_list_in_both_formats() -> None:
    async with opened() as door:
        await door.push(f"{PATH}?source=enc_a", header() + video(0))
        await shown(door.channel, range(1))
        plain, modern = scraped(door), scraped(door, "application/openmetrics-text")
    for found in (plain, modern):
        names = {name for name, _ in found if name.startswith("relay_")} - {"relay_build_info"}
        families = {re.sub("_(bucket|sum|count)$", "", name) for name in names}
        assert families <= {*FAMILIES, *HISTOGRAMS}
        assert "process_resident_memory_bytes" in {name for name, _ in found}


def test_what_alerts_and_dashboards_ask_for_is_there() -> None:
    texts: Mapping[Path, str] = {
        path: path.read_text() for path in CONF.rglob("*") if path.suffix in (".yml", ".json")
    }
    assert {path.name for path in texts} >= {"alerts.yml", "relay.json"}
    asked = {word for text in texts.values() for word in re.findall(r"\brelay_\w+", text)}
    assert asked
    buckets = {f"{name}_bucket" for name in HISTOGRAMS}
    assert asked <= {*FAMILIES, *buckets, "relay_build_info"}
    json.loads(texts[CONF / "grafana" / "relay.json"])
