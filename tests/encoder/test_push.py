"""The command line: what it refuses, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from relay.encoder.faults import parse
from relay.errors import OperatorError
from tests.encoder.clips import MUTE, make

URL = "http://127.0.0.1:9/news.isml"


def push(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "relay", "push", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def clip(folder: Path) -> str:
    return str(make(MUTE, folder))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--streams", "some"], "--streams is one of all, each, audio-with-low"),
        (["--duration", "soon"], "is no fragment duration"),
        (["--duration", "2.5"], "cannot be cut into fragments of 2.5 s"),
        (["--index", "v3"], "none of v1, v2, v2-64"),
        (["--fault", "drop"], "Write: drop=N[-M]"),
        (["--token-file", "/nowhere"], "--token-file /nowhere cannot be read: No such file"),
        (["--user", "bob"], "--user NAME:PASSWORD"),
        (["--source", "a/b"], '--source "a/b" is not allowed'),
    ],
)
def test_what_cannot_be_done_is_a_sentence(clip: str, options: list[str], sentence: str) -> None:
    done = push(clip, URL, *options)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("This is no film at all.")
    for name, sentence in ((str(text), "text.mp4: "), ("/nowhere.mp4", "cannot be read")):
        done = push(name, URL)
        assert (done.returncode, done.stdout) == (1, "")
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_a_relay_that_is_not_there_is_told_and_the_exit_code_is_1(clip: str) -> None:
    done = push(clip, URL, "--for", "1.5", "--seed", "3")
    assert done.returncode == 1
    first, *lines = done.stdout.splitlines()
    assert first.startswith("mute.mp4: video ")
    assert any("no connection" in line for line in lines)
    assert done.stderr == ""


def test_help_teaches_every_fault() -> None:
    done = push("--help")
    assert done.returncode == 0
    with pytest.raises(OperatorError) as caught:
        parse("?")
    names = caught.value.hint.removeprefix("Faults: ").rstrip(".").split(", ")
    assert len(names) == 11
    for name in names:
        assert f" {name}=" in done.stdout
    assert "kill@BYTES" in done.stdout
    assert "send identical fragments" in " ".join(done.stdout.split())
