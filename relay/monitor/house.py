"""The metrics of the relay as a whole: alarms, those who are told, players, the machine's clock."""

from collections import Counter
from collections.abc import Iterator, Mapping

from relay.annunciator import Annunciator
from relay.timekeeping import ClockState

FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "relay_alarms": ("Alarms that stand now, by code", ("channel", "code")),
    "relay_alarms_unacknowledged": ("Alarms that nobody has acknowledged, ended ones too", ()),
    "relay_webhook_messages_total": (
        "Messages by what became of them: sent, failed (an attempt), lost (given up)",
        ("webhook", "outcome"),
    ),
    "relay_webhook_waiting": ("Messages that wait to be sent", ("webhook",)),
    "relay_playback_requests_total": (
        "Requests of players; kind: hls, dash, smooth, init, media, other",
        ("channel", "kind", "code"),
    ),
    "relay_playback_bytes_total": ("Bytes of the bodies they got", ("channel", "kind")),
    "relay_clock_offset_seconds": (
        "By how much this machine's clock is ahead, as its time service says; absent: unknown",
        (),
    ),
    "relay_clock_error_seconds": ("The bound of the clock's error; absent: unknown", ()),
    "relay_clock_synchronised": ("1 while somebody keeps the clock; absent: unknown", ()),
}

Served = tuple[Mapping[tuple[str, str, int], int], Mapping[tuple[str, str], int]]
"""Requests by channel, kind and status; bytes by channel and kind."""
Samples = Iterator[tuple[str, tuple[str, ...], float]]


def nothing() -> Served:
    """Nobody asked for anything."""
    return {}, {}


def of(annunciator: Annunciator, served: Served) -> Samples:
    """All of them."""
    yield from _clock(annunciator.timekeeper.state)
    requests, sizes = served
    for (channel, kind, status), count in requests.items():
        yield "relay_playback_requests_total", (channel, kind, str(status)), count
    for (channel, kind), size in sizes.items():
        yield "relay_playback_bytes_total", (channel, kind), size
    standing = Counter((key.channel, key.code) for key in annunciator.history.standing)
    for (channel, code), count in standing.items():
        yield "relay_alarms", (channel, code), count
    yield "relay_alarms_unacknowledged", (), annunciator.history.unacknowledged()
    for hook in annunciator.hooks:
        name, box = hook.receiver.name, hook.outbox
        for outcome, count in (("sent", box.sent), ("failed", box.failed), ("lost", box.lost)):
            yield "relay_webhook_messages_total", (name, outcome), count
        yield "relay_webhook_waiting", (name,), box.waiting


def _clock(state: ClockState) -> Samples:
    if state.offset is not None:
        yield "relay_clock_offset_seconds", (), state.offset
    if state.bound is not None:
        yield "relay_clock_error_seconds", (), state.bound
    if state.synchronised is not None:
        yield "relay_clock_synchronised", (), state.synchronised
