"""Boards and their differences."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.monitor.patch import apply, diff

LEAVES = st.one_of(st.integers(), st.booleans(), st.text(max_size=4))
NAMES = st.sampled_from(["a", "b", "1", "__proto__", ""])
BOARDS = st.recursive(
    LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
).filter(lambda board: isinstance(board, dict))


@given(BOARDS, BOARDS)
def test_a_difference_leads_from_one_board_to_the_other(before: Any, after: Any) -> None:
    assert json.dumps(apply(before, diff(before, after)), sort_keys=True) == json.dumps(
        after, sort_keys=True
    )


@given(BOARDS)
def test_equal_boards_have_no_difference(board: Any) -> None:
    assert diff(board, json.loads(json.dumps(board))) == {}


@given(BOARDS, BOARDS)
def test_nothing_is_edited(before: Any, after: Any) -> None:
    written = json.dumps([before, after])
    apply(before, diff(before, after))
    assert json.dumps([before, after]) == written


def test_only_what_changed_is_said() -> None:
    before = {"news": {"cells": {"1": "won", "2": "won"}, "copies": 2}, "sport": {"copies": 1}}
    after = {"news": {"cells": {"2": "won", "3": "held"}, "copies": 2}, "sport": {"copies": 1}}
    assert diff(before, after) == {"news": {"cells": {"1": None, "3": "held"}}}


def test_true_is_not_one() -> None:
    assert diff({"a": 1}, {"a": True}) == {"a": True}
