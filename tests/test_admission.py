"""Sources and slots: a restarted encoder gets its name back, and nobody takes another's."""

import pytest

from relay.admission import Admission
from relay.arrival import Sender
from relay.errors import LimitReached, SourcesTaken
from relay.ingest.url import Target

TARGET = Target("news", "main", None)
NAMED = Target("news", "main", "enc_a")


def test_a_named_source_keeps_its_name() -> None:
    assert Admission().enter(NAMED, "main", "10.0.0.1") == Sender("enc_a", "main")


def test_a_name_that_is_there_already_is_seen_until_its_body_ends() -> None:
    door = Admission()
    assert not door.present(NAMED, "main")
    sender = door.enter(NAMED, "main", "10.0.0.1")
    assert door.present(NAMED, "main")
    assert not door.present(NAMED, "backup")
    door.enter(NAMED, "main", "10.0.0.2")
    door.leave(NAMED, sender, "10.0.0.2")
    assert door.present(NAMED, "main")
    door.leave(NAMED, sender, "10.0.0.1")
    assert not door.present(NAMED, "main")
    door.enter(TARGET, "main", "10.0.0.1")
    assert not door.present(TARGET, "main")


def test_two_encoders_on_one_host_are_two_and_a_restarted_one_is_itself() -> None:
    door = Admission()
    first = door.enter(TARGET, "main", "10.0.0.1")
    second = door.enter(TARGET, "main", "10.0.0.1")
    assert (first.source, second.source) == ("10.0.0.1-a", "10.0.0.1-b")
    door.leave(TARGET, first, "10.0.0.1")
    assert door.enter(TARGET, "main", "10.0.0.1") == first


def test_slots_are_counted_per_point_stream_and_address() -> None:
    door = Admission()
    senders = [
        door.enter(TARGET, "main", "10.0.0.1"),
        door.enter(TARGET, "backup", "10.0.0.1"),
        door.enter(Target("sport", "main", None), "main", "10.0.0.1"),
        door.enter(TARGET, "main", "10.0.0.2"),
    ]
    assert [sender.source[-2:] for sender in senders] == ["-a"] * 4


def test_a_source_that_calls_itself_like_a_slot_does_not_free_it() -> None:
    door = Admission()
    owner = door.enter(TARGET, "main", "10.0.0.1")
    twin = Target("news", "main", owner.source)
    door.leave(twin, door.enter(twin, "main", "10.0.0.9"), "10.0.0.9")
    assert door.enter(TARGET, "main", "10.0.0.1").source == "10.0.0.1-b"


def test_limits_count_what_is_open() -> None:
    door = Admission(most=3, most_per_address=2)
    first = door.enter(NAMED, "main", "10.0.0.1")
    door.enter(TARGET, "main", "10.0.0.1")
    with pytest.raises(LimitReached, match="from this address"):
        door.enter(TARGET, "main", "10.0.0.1")
    door.enter(TARGET, "main", "10.0.0.2")
    with pytest.raises(LimitReached, match="3 POSTs"):
        door.enter(TARGET, "main", "10.0.0.3")
    assert door.open == 3
    door.leave(NAMED, first, "10.0.0.1")
    assert door.open == 2
    door.enter(TARGET, "main", "10.0.0.1")


def test_any_number_of_slots_has_letters() -> None:
    door = Admission(most_per_address=1000, most_sources=1000)
    senders = [door.enter(TARGET, "main", "10.0.0.1") for _ in range(800)]
    assert len({sender.source for sender in senders}) == 800
    assert [senders[at].source for at in (25, 26, 701, 702)] == [
        f"10.0.0.1-{slot}" for slot in ("z", "aa", "zz", "aaa")
    ]
    for sender in senders:
        door.leave(TARGET, sender, "10.0.0.1")
    assert door == Admission(most_per_address=1000, most_sources=1000)


@pytest.mark.threat("T03")
def test_a_stream_has_so_many_sources_and_no_more() -> None:
    door = Admission(most_sources=2)
    incumbents = [
        door.enter(NAMED, "main", "10.0.0.1"),
        door.enter(TARGET, "main", "10.0.0.2"),
    ]
    for hijacker in (Target("news", "main", "enc_c"), TARGET):
        with pytest.raises(SourcesTaken, match="main has 2 sources already"):
            door.enter(hijacker, "main", "10.0.0.3")
    assert door.open == 2
    again = door.enter(NAMED, "main", "10.0.0.1")
    assert again == incumbents[0], "it has come back before its old connection was over"
    door.enter(TARGET, "other", "10.0.0.3")
    door.leave(TARGET, incumbents[1], "10.0.0.2")
    door.enter(TARGET, "main", "10.0.0.3")
