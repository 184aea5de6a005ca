import pytest

from relay.encoder.advice import advice


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ("no connection: Connection refused", "listening"),
        ("its name cannot be resolved", "host"),
        ("its certificate is not trusted", "--insecure"),
        ("401 Unauthorized", "--user"),
        ("404 INGEST_POINT_UNKNOWN There is no publishing point", "NAME"),
        ("409 INGEST_CLOCK", "clock"),
        ("412 INGEST_HEADER_DIFFERS", "same clip"),
        ("the peer takes too little: send timeout", "bit rate"),
    ],
)
def test_an_answer_that_can_be_helped_is_helped(answer: str, word: str) -> None:
    assert word in advice(answer)


@pytest.mark.parametrize("answer", ["", "200 OK", "200 to the probe", "503 INGEST_DRAINING"])
def test_what_needs_no_help_gets_none(answer: str) -> None:
    assert advice(answer) == ""
