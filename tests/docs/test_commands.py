"""Every command of the documentation can be typed.

Ours are parsed by the real command line, targets of make are there, all else is at least a sentence
that the shell understands. Those of ffmpeg are run by `tests/e2e/test_commands.py`.
"""

import re
import shlex
import shutil
import subprocess

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from relay.__main__ import cli
from tests.docs.pages import Command, commands
from tests.docs.vocabulary import ROOT

COMMANDS = commands()
OURS = [each for each in COMMANDS if each.program == "relay"]
MAKE = [each for each in COMMANDS if each.program == "make"]
BASH = shutil.which("bash") or "/bin/bash"
ASK = ("--help", "-h")


def told(each: Command) -> str:
    return f"{each.page}: {each.text}"


def test_there_are_commands_of_each_kind() -> None:
    programs = {each.program for each in COMMANDS}
    assert programs >= {"relay", "make", "ffmpeg", "curl", "systemctl", "docker"}


@pytest.mark.parametrize("each", OURS, ids=told)
def test_our_command_line_takes_it(each: Command) -> None:
    words = shlex.split(re.sub(r"\s[12]?>.*$", "", each.text))
    while not words[0].endswith("relay"):
        assert re.fullmatch(r"RELAY_[A-Z0-9_]+=\S*", words.pop(0))
    group = typer.main.get_command(cli)
    assert isinstance(group, TyperGroup)
    context = group.make_context("relay", ["version"])
    given = [word for word in words[1:] if word not in ASK]
    try:
        name, command, rest = group.resolve_command(context, given)
        assert command is not None
        if given == words[1:]:
            command.make_context(name, rest, parent=context)
    except TyperException as error:
        pytest.fail(f"{error!r}: {error}")


@pytest.mark.parametrize("each", MAKE, ids=told)
def test_the_target_is_there(each: Command) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    for word in shlex.split(each.text)[1:]:
        assert "=" in word or word in targets


def test_the_shell_understands_each() -> None:
    for each in COMMANDS:
        ran = subprocess.run(
            [BASH, "-n"], input=each.text, text=True, capture_output=True, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, ""), told(each)


def test_the_files_of_conf_that_are_named_are_there() -> None:
    for page in {each.page for each in COMMANDS}:
        for path in re.findall(
            r"(?<![\w./])((?:conf|tests|relay)/[\w./-]+\.\w+)", (ROOT / page).read_text()
        ):
            assert (ROOT / path).is_file(), f"{page}: {path}"
