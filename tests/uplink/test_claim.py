"""What relays tell each other of an upstream: only what is sure, and no more than is needed."""

import json

import pytest

from relay.uplink.claim import Claim
from relay.uplink.cursor import IN_DOUBT, MOST_EVENTS, Cursor


def test_what_was_acknowledged_lately_is_not_sure() -> None:
    cursor = Cursor()
    for index in range(10):
        cursor.acknowledge("video", index, 1_000 * index)
        if index in (3, 8):
            cursor.acknowledge("cues", (0, index), 1_000 * index)
    cursor.sequence = 12
    now = 9_000
    told = Cursor.of(json.loads(json.dumps(cursor.sure(now))))
    assert told.reached == {"video": (now - IN_DOUBT) // 1_000 - 1}
    assert told.events == {"cues": {(0, 3)}}
    assert told.sequence == 12
    later = Cursor.of(json.loads(json.dumps(cursor.sure(now + IN_DOUBT))))
    assert later.reached == {"video": 9 - 1}  # its newest is as old as the doubt lasts
    assert Cursor.of(cursor.sure(now + IN_DOUBT + 1)).reached == {"video": 9}
    assert cursor.reached == {"video": 9}, "it knows more than it tells"


def test_what_failed_is_not_sure_until_it_is_through() -> None:
    cursor = Cursor()
    for index in range(10):
        cursor.acknowledge("video", index, 1_000 * index)
    cursor.fail(9_000)
    assert Cursor.of(cursor.sure(60_000)).reached == {"video": 4}


def test_of_many_events_the_newest_are_told() -> None:
    cursor = Cursor(events={"cues": {(0, time) for time in range(MOST_EVENTS + 100)}})
    told = Cursor.of(cursor.sure(0))
    assert told.events == {"cues": {(0, time) for time in range(100, MOST_EVENTS + 100)}}


def test_one_follows_the_other_and_never_back() -> None:
    cursor = Cursor({"video": 7, "audio": 3}, 40, {"cues": {(0, 1)}})
    cursor.follow(Cursor({"video": 5, "audio": 6, "other": 1}, 50, {"cues": {(0, 2)}}))
    assert cursor.reached == {"video": 7, "audio": 6, "other": 1}
    assert cursor.events == {"cues": {(0, 1), (0, 2)}}
    assert cursor.sequence == 50
    cursor.follow(Cursor({}, 3))
    assert cursor.sequence == 50


def test_a_claim_is_read_as_it_was_written() -> None:
    streams = {"main": Cursor({"video": 7}, 9, {"cues": {(0, 1), (1, 2)}}), "audio": Cursor()}
    claim = Claim("id", "rack 1", 3, {"eu": streams, "us": {}})
    assert Claim.of(claim.written(0)) == claim
    assert Claim.of(Claim().written(0)) == Claim()


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"no",
        b"[]",
        b"{}",
        b'{"id":"","name":"","generation":"x","upstreams":{}}',
        b'{"id":"","name":"","generation":0,"upstreams":[1]}',
        b'{"id":"","name":"","generation":0,"upstreams":{"eu":{"main":{"reached":{"v":"7"}}}}}',
        b"[" * 100_000,
    ],
    ids=range(8),
)
def test_what_is_no_claim_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Claim.of(record)
