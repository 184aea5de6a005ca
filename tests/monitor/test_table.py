"""What a person reads of the status on a terminal."""

from typing import Any

import pytest
from rich.console import Console

from relay.monitor.table import tables

FACTS: dict[str, Any] = {
    "state": "well",
    "words": [],
    "won": 30,
    "duplicate": 7,
    "late": 0,
    "differs": 0,
    "gap": 2,
    "bitrate": 812_345,
    "clock_offset_ms": -1_240,
}
SOURCE: dict[str, Any] = {"alive": True, "tracks": {"video-800000": FACTS}}


def read(source: dict[str, Any], **more: Any) -> list[str]:
    """The lines about one channel with this source."""
    track = {"name": "video-800000", "codecs": "avc1.64000C", "bandwidth": 800_000}
    channel = {
        "protection": "EXPOSED",
        "tracks": [{**track, "first": 3, "last": None, "gaps": 1}],
        "sources": {"enc_a": source},
        "warnings": [],
    }
    console = Console(width=110, color_system=None)
    with console.capture() as capture:
        for part in tables({"channels": {"news": {**channel, **more}}}):
            console.print(part)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def facts(**changed: Any) -> dict[str, Any]:
    return {**SOURCE, "tracks": {"video-800000": {**FACTS, **changed}}}


def test_a_channel_its_tracks_and_its_senders() -> None:
    assert read(SOURCE) == [
        "news EXPOSED",
        "track codecs kbit/s first last gaps",
        "video-800000 avc1.64000C 800 3 - 1",
        "source track how it is won dup late diff gap kbit/s offset",
        "enc_a video-800000 healthy 30 7 0 0 2 812 -1240 ms",
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (facts(words=["overlap", "out_of_sync"]), "overlap, out of sync"),
        (facts(state="late"), "late"),
        ({**SOURCE, "alive": False}, "silent"),
        ({**facts(words=["drift"], state="late"), "alive": False}, "silent, drift, late"),
    ],
)
def test_how_a_sender_is(source: dict[str, Any], told: str) -> None:
    assert read(source)[-1] == f"enc_a video-800000 {told} 30 7 0 0 2 812 -1240 ms"


@pytest.mark.parametrize(("offset", "told"), [(1_240, "+1240 ms"), (0, "+0 ms"), (None, "-")])
def test_where_a_senders_clock_is(offset: int | None, told: str) -> None:
    assert read(facts(clock_offset_ms=offset))[-1].endswith(f" 812 {told}")


def test_a_bitrate_that_is_not_measured_yet_is_a_dash() -> None:
    assert read(facts(bitrate=None))[-1].endswith(" 2 - -1240 ms")


def test_a_preferred_source_is_named() -> None:
    assert read(SOURCE, preferred="enc_a")[0] == "news EXPOSED, prefers enc_a"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"degraded": "the disk is full"}, "! STORE_DEGRADED the disk is full"),
        ({"unlike": "it has D 2", "alone": True}, "! PEER_DIFFERS it has D 2"),
        ({"alone": True}, "! WITHOUT_PEER it numbers on its own: relay reset news --join"),
    ],
)
def test_what_is_wrong_with_store_and_peer_is_a_line(more: dict[str, Any], told: str) -> None:
    assert read(SOURCE, **more)[-1] == told


UPSTREAM: dict[str, Any] = {
    "state": "retrying",
    "reason": "no connection: [b]refused[/b]",
    "backlog": 24,
    "seconds": 15.36,
    "sent": 300,
    "lost": 2,
    "again": 86_399_000,
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {},
            (
                "to eu: retrying (no connection: [b]refused[/b]), tried again at 23:59:59 UTC;"
                " 24 backlog (15.4 s), 300 sent, 2 lost"
            ),
        ),
        (
            {"state": "streaming", "reason": "", "again": 0},
            "to eu: streaming; 24 backlog (15.4 s), 300 sent, 2 lost",
        ),
    ],
)
def test_an_upstream_is_a_line(changed: dict[str, Any], told: str) -> None:
    assert " ".join(read(SOURCE, upstreams={"eu": {**UPSTREAM, **changed}})[5:]) == told


def test_a_channel_without_senders_has_one_table() -> None:
    assert len(read({"tracks": {}})) == 3


def test_what_is_amiss_is_a_line_each() -> None:
    warnings = [{"code": "OUT_OF_SYNC", "text": "enc_b: [bold]3 s[/bold] after"}]
    assert read(SOURCE, warnings=warnings)[-1] == "! OUT_OF_SYNC enc_b: [bold]3 s[/bold] after"


def test_names_of_strangers_are_text() -> None:
    channel: dict[str, Any] = {
        "protection": "DOWN",
        "tracks": [],
        "warnings": [],
    }
    channel["sources"] = {"[red]x[/": SOURCE}
    console = Console(width=110, color_system=None)
    with console.capture() as capture:
        for part in tables({"channels": {"news": channel}}):
            console.print(part)
    assert "[red]x[/" in capture.get()


@pytest.mark.parametrize("said", [{}, {"channels": {"a": {}}}, {"channels": {"a": 1}}, [], 7])
def test_anothers_status_is_none(said: Any) -> None:
    with pytest.raises((LookupError, TypeError, AttributeError)):
        list(tables(said))
