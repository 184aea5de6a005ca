"""The metrics of the relay itself, and of no channel: alarms, who is told, the machine's clock."""

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
    "relay_clock_offset_seconds": (
        "By how much this machine's clock is ahead, as its time service says; absent: unknown",
        (),
    ),
    "relay_clock_error_seconds": ("The bound of the clock's error; absent: unknown", ()),
    "relay_clock_synchronised": ("1 while somebody keeps the clock; absent: unknown", ()),
}

Samples = Iterator[tuple[str, tuple[str, ...], float]]


def of(annunciator: Annunciator) -> Samples:
    """All of them."""
    yield from _clock(annunciator.timekeeper.state)
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
