"""`/metrics` on the admin port: what the rooms already count, read when a scraper asks.

Nothing is counted here and no room knows of it: a collector looks at the channels as the page does.
Names have the prefix `relay_`, base units and `_total`; `FAMILIES` is the whole list, against which
dashboards and alerts are held by a test.

Labels are names of the configuration, tracks, and sources that name themselves (`?source=`), whose
number `diagnosis.tally` bounds. A sender that is known by its address only is counted as "unnamed"
and has no gauges: an address is no label, and "unnamed" may be many.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from ipaddress import ip_address
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from relay.channel import Channel
from relay.clock import Clock
from relay.diagnosis.lateness import BOUNDS
from relay.diagnosis.protection import alive_since, copies_of
from relay.media import Verdict
from relay.monitor import climbing, house

Sample = tuple[str, tuple[str, ...], float]

UNNAMED = "unnamed"
ON_AIR, SILENT, FAILED = "on_air", "silent", "failed"

FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relay_channel_state": ("1 for the state that it is in", ("channel", "state")),
    "relay_channel_protection_copies": (
        "Sources of the living track that has fewest: below 2 a loss would be seen",
        ("channel",),
    ),
    "relay_channel_store_degraded": (
        "1 while the disk refuses and memory is used, or the brokers do not answer",
        ("channel",),
    ),
    "relay_channel_store_unlike_total": (
        "Fragments that this relay has published otherwise than its cluster",
        ("channel",),
    ),
    "relay_channel_warnings": ("Warnings that stand now, by code", ("channel", "code")),
    "relay_ingest_connections": ("POSTs that are open", ("channel", "source")),
    "relay_ingest_bytes_total": ("Media in the copies that came", ("channel", "source")),
    "relay_ingest_fragments_total": (
        "Copies that came, by what became of them",
        ("channel", "source", "track", "outcome"),
    ),
    "relay_ingest_rejected_total": ("POSTs that were refused, by code", ("reason",)),
    "relay_playback_unauthorized_total": ("Requests of players without the channel's token", ()),
    "relay_connections": ("Connections of encoders and players", ()),
    "relay_connections_dropped_total": ("Those that had to go, by what they were", ("standing",)),
    "relay_tls_handshakes_failed_total": ("Connections without a TLS handshake", ()),
    "relay_source_last_fragment_timestamp_seconds": (
        "When its newest copy came",
        ("channel", "source", "track"),
    ),
    "relay_source_clock_offset_seconds": (
        "UTC of its newest media less its arrival: above 0 its clock is ahead",
        ("channel", "source"),
    ),
    "relay_source_drift_seconds": (
        "By how much its newest copy misses the end of what is published before it",
        ("channel", "source", "track"),
    ),
    "relay_timeline_gaps_total": ("Fragments that nobody delivered", ("channel", "track")),
    "relay_timeline_gap_seconds_total": ("The same, in seconds of media", ("channel", "track")),
    "relay_timeline_last_time_seconds": (
        "UTC at which the published media ends",
        ("channel", "track"),
    ),
    "relay_playback_refused_total": (
        "Playlists and manifests that were refused: players are sent on, or it is encrypted",
        ("channel", "reason"),
    ),
    **climbing.FAMILIES,
    "relay_event_loop_tasks": ("Tasks of asyncio: a number that only grows is a leak", ()),
    "relay_event_loop_lag_seconds": ("The latest that the event loop was of late", ()),
    **house.FAMILIES,
}
"""Name, meaning, labels. The name says whether it counts: `_total` does."""

HISTOGRAMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relay_source_lateness_seconds": (
        "How much later than the copy that won its copies came",
        ("channel", "source", "track"),
    ),
}


class Metrics(Collector):
    """All families, from the channels as they are. `lag` in seconds, `door` as in `health`.

    `more`: samples of what is about no channel.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        door: Callable[[], Mapping[str, Any]],
        lag: Callable[[], float],
        clock: Clock,
        more: Callable[[], Iterable[Sample]] = tuple,
    ) -> None:
        self._more = more
        self._channels = channels
        self._door = door
        self._lag = lag
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        yield InfoMetricFamily("relay_build", "The relay", {"version": version("isml-relay")})
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for name, (meaning, labels) in FAMILIES.items():
            made = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            families[name] = made(name, meaning, labels=labels)
        for name, labelled, value in self._samples():
            families[name].add_metric(labelled, value)
        yield from families.values()
        yield self._lateness()

    def _lateness(self) -> Metric:
        ((name, (meaning, labels)),) = HISTOGRAMS.items()
        family = HistogramMetricFamily(name, meaning, labels=labels)
        for channel in self._channels.values():
            for (source, track), found in channel.diagnosis.lateness.histograms.items():
                if _named(source) == source:
                    bounds = [*(f"{bound / 1000:g}" for bound in BOUNDS), "+Inf"]
                    buckets = list(zip(bounds, accumulate(found.counts), strict=True))
                    family.add_metric((channel.name, source, track), buckets, found.total / 1000)
        return family

    def _samples(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        yield "relay_event_loop_tasks", (), len(asyncio.all_tasks())
        yield "relay_event_loop_lag_seconds", (), self._lag()
        yield from _doors(self._door())
        yield from self._more()
        for channel in self._channels.values():
            yield from _channel(channel, self._clock.utc())
            yield from _ingest(channel)
            yield from _sources(channel)
            yield from _timeline(channel)
            yield from climbing.of(channel)
            for reason, count in channel.refusals.items():
                yield "relay_playback_refused_total", (channel.name, reason), count


def _doors(told: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for reason, count in told["rejected"].items():
        yield "relay_ingest_rejected_total", (reason,), count
    yield "relay_playback_unauthorized_total", (), sum(told.get("players_rejected", {}).values())
    yield "relay_connections", (), told.get("connections", 0)
    for standing, count in told.get("dropped", {}).items():
        yield "relay_connections_dropped_total", (standing,), count
    yield "relay_tls_handshakes_failed_total", (), told.get("handshakes_failed", 0)


def route(metrics: Metrics) -> Route:
    """`GET /metrics`, in the text format or in OpenMetrics, as the scraper asks."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(metrics)

    async def scrape(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        headers = {"content-type": content_type, "cache-control": "no-store"}
        return Response(encode(registry), headers=headers)

    return Route("/metrics", scrape)


_Samples = Iterator[Sample]


def _channel(channel: Channel, utc: int) -> _Samples:
    since = alive_since(channel.presentation.grid, channel.rules.patience, utc)
    copies = copies_of(channel.diagnosis.tally, since)
    state = FAILED if channel.failed else ON_AIR if copies else SILENT
    for each in (ON_AIR, SILENT, FAILED):
        yield "relay_channel_state", (channel.name, each), each == state
    fewest = min(map(len, copies.values()), default=0)
    yield "relay_channel_protection_copies", (channel.name,), fewest
    yield "relay_channel_store_degraded", (channel.name,), bool(channel.store.degraded)
    yield "relay_channel_store_unlike_total", (channel.name,), channel.store.unlike
    standing = Counter(code for code, _ in channel.diagnosis.alarms.standing)
    for code, count in standing.items():
        yield "relay_channel_warnings", (channel.name, code), count


def _ingest(channel: Channel) -> _Samples:
    tally = channel.diagnosis.tally
    posts: Counter[str] = Counter()
    for sender, count in channel.posts.items():
        posts[_named(sender.source)] += count
    for source in {*map(_named, tally.sources()), *posts}:
        yield "relay_ingest_connections", (channel.name, source), posts[source]
    sizes: Counter[str] = Counter()
    for (source, _), size in tally.sizes.items():
        sizes[_named(source)] += size
    for source, size in sizes.items():
        yield "relay_ingest_bytes_total", (channel.name, source), size
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for (source, track, verdict), count in tally.counts.items():
        outcomes[_named(source), track, "won" if verdict is Verdict.ACCEPTED else verdict] += count
    for (source, track), count in tally.differing.items():
        outcomes[_named(source), track, "differs"] += count
        outcomes[_named(source), track, Verdict.DUPLICATE] -= count
    for (source, track, outcome), count in outcomes.items():
        yield (
            "relay_ingest_fragments_total",
            (channel.name, source, track, str(outcome)),
            count,
        )


def _sources(channel: Channel) -> _Samples:
    diagnosis = channel.diagnosis
    named = [source for source in diagnosis.tally.sources() if _named(source) == source]
    for source in named:
        offset = diagnosis.synchrony.offset(source)
        if offset is not None:
            yield "relay_source_clock_offset_seconds", (channel.name, source), offset / 1000
    for (source, track), arrival in diagnosis.tally.last.items():
        if source in named:
            at = "relay_source_last_fragment_timestamp_seconds"
            yield at, (channel.name, source, track), arrival / 1000
    for (source, track), standing in diagnosis.synchrony.standings.items():
        if source in named and standing.drift is not None:
            labelled = (channel.name, source, track)
            yield "relay_source_drift_seconds", labelled, standing.drift / 1000


def _timeline(channel: Channel) -> _Samples:
    shown = channel.presentation
    for rendition in shown.renditions:
        labelled = (channel.name, rendition.name)
        gaps = channel.gaps[rendition.name]
        yield "relay_timeline_gaps_total", labelled, gaps
        yield "relay_timeline_gap_seconds_total", labelled, float(gaps * shown.grid.D)
        if rendition.segments:
            last = rendition.segments[-1]
            ends = rendition.seconds(last.end) + shown.epoch_of(last.run)
            yield "relay_timeline_last_time_seconds", labelled, float(ends)


def _named(source: str) -> str:
    """The source, unless it is known by its address: see `relay.admission`."""
    address, _, slot = source.rpartition("-")
    try:
        ip_address(address)
    except ValueError:
        return source
    return UNNAMED if slot else source
