import pytest

from relay.uplink.cursor import IN_DOUBT, Cursor


def test_it_rises_and_says_what_is_new() -> None:
    cursor = Cursor()
    assert cursor.acknowledge("v", 5, 0)
    assert not cursor.acknowledge("v", 4, 1)
    assert not cursor.acknowledge("v", 5, 2)
    assert cursor.acknowledge("v", 7, 3)
    cursor.skip("v", 6)
    cursor.skip("a", 0)
    assert cursor.reached == {"v": 7, "a": 0}


def test_what_came_through_a_moment_ago_is_in_doubt() -> None:
    cursor = Cursor()
    for index in range(4):
        cursor.acknowledge("v", index, index * 1000)
    assert cursor.doubtful(3000) == {"v": 0}
    assert cursor.doubtful(IN_DOUBT + 1) == {"v": 1}
    assert cursor.doubtful(IN_DOUBT + 3001) == {}


def test_what_broke_off_here_and_came_through_elsewhere_is_in_doubt_no_more() -> None:
    cursor, other = Cursor(), Cursor({"v": 139}, 40, {"cues": {(0, 5)}})
    for index in range(100, 104):
        cursor.acknowledge("v", index, 0)
    cursor.acknowledge("cues", (0, 5), 0)
    cursor.fail(1)
    assert cursor.doubtful(9_000) == {"v": 100}
    cursor.skip("v", 101)
    assert cursor.doubtful(9_000) == {"v": 102}
    cursor.follow(other)
    assert cursor.doubtful(9_000) == {}
    assert cursor.doubtful_events(9_000) == set()
    assert cursor.sure(9_000)["reached"] == {"v": 139}


def test_it_comes_back_as_it_was_kept() -> None:
    cursor = Cursor({"v": 7}, 12, {"cues": {(0, 5), (1, -3)}})
    assert Cursor.of(cursor.kept()) == cursor


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {},
        {"sequence": 1},
        {"sequence": "1", "reached": {}, "events": {}},
        {"sequence": 1, "reached": 3, "events": {}},
    ]
    + [{"sequence": 1, "reached": {"v": bad}, "events": {}} for bad in ("1", None, 1.5)]
    + [{"sequence": 1, "reached": {}, "events": {"c": bad}} for bad in ([1], [[1]], 3, [["a", 1]])],
)
def test_what_is_no_cursor(kept: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Cursor.of(kept)
