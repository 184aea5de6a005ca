"""The metrics of the relay as a whole."""

from relay.annunciator import Annunciator, Recipient
from relay.annunciator.history import Amiss, Key
from relay.monitor import house
from relay.timekeeping import ClockState
from tests.door import Hands


def found(watch: Annunciator, served: house.Served) -> dict[tuple[str, ...], float]:
    samples = {(name, *labels): value for name, labels, value in house.of(watch, served)}
    for name, *labels in samples:
        assert len(labels) == len(house.FAMILIES[name][1])
    return samples


def test_alarms_messages_players_and_the_clock() -> None:
    watch = Annunciator({}, [Recipient("noc", "http://127.0.0.1:9/")], Hands())
    watch.timekeeper.state = ClockState("chrony", -0.25, 0.01, True)
    watch.history.look({Key("CHANNEL_DOWN", "news", ""): Amiss("nobody")}, 0)
    box = watch.hooks[0].outbox
    box.sent, box.failed, box.lost = 1, 2, 3
    watch.hooks[0].tell("raised", "CHANNEL_DOWN", {})
    served = {("news", "hls", 200): 7}, {("news", "hls"): 900}
    assert found(watch, served) == {
        ("relay_alarms", "news", "CHANNEL_DOWN"): 1,
        ("relay_alarms_unacknowledged",): 1,
        ("relay_webhook_messages_total", "noc", "sent"): 1,
        ("relay_webhook_messages_total", "noc", "failed"): 2,
        ("relay_webhook_messages_total", "noc", "lost"): 3,
        ("relay_webhook_waiting", "noc"): 1,
        ("relay_playback_requests_total", "news", "hls", "200"): 7,
        ("relay_playback_bytes_total", "news", "hls"): 900,
        ("relay_clock_offset_seconds",): -0.25,
        ("relay_clock_error_seconds",): 0.01,
        ("relay_clock_synchronised",): 1,
    }


def test_what_is_unknown_is_absent() -> None:
    watch = Annunciator({}, [], Hands())
    assert found(watch, house.nothing()) == {("relay_alarms_unacknowledged",): 0}
