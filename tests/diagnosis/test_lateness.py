"""How late copies come, in buckets."""

from relay.diagnosis.lateness import BOUNDS, MOST_KEYS, Lateness


def test_each_copy_is_in_one_bucket() -> None:
    lateness = Lateness()
    for late in (-40, 0, 10, 11, 10_000, 10_001):
        lateness.took("a", "video", late)
    found = lateness.histograms["a", "video"]
    assert found.counts == [3, 1, *[0] * (len(BOUNDS) - 3), 1, 1]
    assert found.total == 10 + 11 + 10_000 + 10_001


def test_the_silent_are_forgotten() -> None:
    lateness = Lateness()
    for at in range(MOST_KEYS + 1):
        lateness.took(f"s{at}", "video", 5)
        lateness.took("a", "video", 5)
    assert len(lateness.histograms) == MOST_KEYS
    assert ("a", "video") in lateness.histograms
    assert ("s0", "video") not in lateness.histograms
