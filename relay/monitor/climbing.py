"""The metrics of what goes up: each upstream of a channel, all of its streams together."""

from collections.abc import Mapping

from relay.channel import Channel
from relay.monitor.house import Samples
from relay.uplink.attempt import State

_EACH = ("channel", "upstream")
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relay_upstream_state": ("1 for the state that it is in", (*_EACH, "state")),
    "relay_upstream_fragments_total": (
        "Fragments that its kernel has acknowledged, or that left the window before",
        (*_EACH, "outcome"),
    ),
    "relay_upstream_bytes_total": ("Media that it has acknowledged", _EACH),
    "relay_upstream_responses_total": ("Its answers by status, to probes too", (*_EACH, "code")),
    "relay_upstream_retries_total": ("Attempts that failed", _EACH),
    "relay_upstream_posts_total": ("POSTs that were begun", _EACH),
    "relay_upstream_backlog_fragments": ("Fragments left to send", _EACH),
    "relay_upstream_backlog_seconds": ("The same, in seconds of the track that has most", _EACH),
}


def of(channel: Channel) -> Samples:
    """Its samples: name, labels, value."""
    for name, stands in channel.upstreams.items():
        standing, labelled = stands(), (channel.name, name)
        for state in State:
            yield "relay_upstream_state", (*labelled, str(state)), state is standing.state
        for outcome, count in (("sent", standing.sent), ("lost", standing.lost)):
            yield "relay_upstream_fragments_total", (*labelled, outcome), count
        yield "relay_upstream_bytes_total", labelled, standing.size
        for code, count in standing.answers.items():
            yield "relay_upstream_responses_total", (*labelled, code), count
        yield "relay_upstream_retries_total", labelled, standing.retries
        yield "relay_upstream_posts_total", labelled, standing.posts
        yield "relay_upstream_backlog_fragments", labelled, standing.backlog
        yield "relay_upstream_backlog_seconds", labelled, standing.seconds
