"""The tree of errors: code words, statuses, and what may stand in a message."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import errors
from relay.errors import EncoderError, OperatorError, PlayerError, RelayError, quoted


def family(root: type[RelayError]) -> list[type[RelayError]]:
    return [child for direct in root.__subclasses__() for child in (direct, *family(direct))]


LEAVES = [error for error in family(RelayError) if not error.__subclasses__()]


def test_the_drawing_is_the_tree() -> None:
    drawn = {
        name: (int(number), code)
        for name, number, code in re.findall(
            r"[├└]── (\w+) +(\d+)  ([A-Z_]+)$", errors.__doc__ or "", re.MULTILINE
        )
    }
    there = {
        error.__name__: (getattr(error, "exit_code", error.status), error.code) for error in LEAVES
    }
    assert drawn == there


def test_code_words_are_unique_and_name_their_door() -> None:
    codes = [error.code for error in LEAVES]
    assert len(set(codes)) == len(codes)
    for error in LEAVES:
        if issubclass(error, EncoderError):
            assert error.code.startswith("INGEST_")
        if issubclass(error, PlayerError):
            assert error.code.startswith("PLAYBACK_")


@pytest.mark.parametrize("kind", [kind for kind in LEAVES if not issubclass(kind, OperatorError)])
def test_every_answer_is_a_problem_document(kind: type[RelayError]) -> None:
    told = kind("What was found.", hint="What to do.").problem()
    assert told["status"] == kind.status
    assert 400 <= kind.status < 600
    assert told["title"]
    assert (told["code"], told["detail"], told["hint"]) == (
        kind.code,
        "What was found.",
        "What to do.",
    )
    assert "hint" not in kind("What was found.").problem()


def test_another_answer_has_its_own_status() -> None:
    told = errors.NotFound("Nothing.").problem(410)
    assert (told["status"], told["title"]) == (410, "Gone")


@given(st.text(max_size=300))
def test_a_quoted_text_is_one_short_printable_line(text: str) -> None:
    shown = quoted(text)
    assert len(shown) <= 80
    assert shown.isascii()
    assert shown == "" or shown.isprintable()
    assert '"' not in shown
    assert "\\" not in shown


def test_quoted_keeps_what_is_plain_and_shows_that_it_cut() -> None:
    assert quoted("/news.isml/Streams(main)") == "/news.isml/Streams(main)"
    assert quoted("x" * 80) == "x" * 80
    assert quoted("x" * 81) == "x" * 77 + "..."
