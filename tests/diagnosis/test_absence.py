"""Who is here, who is away, and who is gone."""

from relay.arrival import Sender
from relay.diagnosis.absence import AWAY_MS, MOST_AWAY, Absence

MAIN, OTHER = Sender("a", "main"), Sender("a", "other")


def test_a_sender_is_gone_a_while_after_it_left_and_once() -> None:
    absence = Absence()
    absence.began(MAIN)
    assert absence.gone(10 * AWAY_MS) == []
    absence.ended(MAIN, 1_000)
    assert absence.gone(1_000 + AWAY_MS) == []
    assert absence.of("a")
    assert absence.gone(1_001 + AWAY_MS) == [MAIN]
    assert not absence.of("a")
    assert absence.gone(10 * AWAY_MS) == []


def test_one_that_is_back_is_not_away() -> None:
    absence = Absence()
    absence.began(MAIN)
    absence.ended(MAIN, 0)
    absence.began(MAIN)
    assert absence.gone(2 * AWAY_MS) == []
    absence.ended(MAIN, 2 * AWAY_MS)
    assert absence.gone(3 * AWAY_MS) == []


def test_a_source_is_here_with_any_of_its_streams() -> None:
    absence = Absence()
    for sender in (MAIN, OTHER):
        absence.began(sender)
    absence.ended(MAIN, 0)
    assert absence.gone(2 * AWAY_MS) == [MAIN]
    assert absence.of("a")
    assert not absence.of("b")


def test_strangers_cannot_fill_the_memory() -> None:
    absence = Absence()
    senders = [Sender(f"s{number}", "main") for number in range(MOST_AWAY + 2)]
    for sender in senders:
        absence.began(sender)
        absence.ended(sender, 0)
    assert absence.gone(0) == senders[:2]
    assert not absence.of("s0")
    assert absence.of("s2")
