"""What systemd would hear from a real relay, and what it thinks of its unit."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.relay_process import RelayProcess

pytestmark = pytest.mark.e2e

CONF = Path(__file__).parents[2] / "conf"
UNITS = {"relay.service": "relay.service", "relay@.service": "relay@1.service"}
"""The files, and as what systemd knows each."""


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a supervisor."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(20)
        yield heard


@pytest.fixture
def relay(tmp_path: Path, listener: socket.socket) -> Iterator[RelayProcess]:
    told = {"NOTIFY_SOCKET": str(listener.getsockname()), "WATCHDOG_USEC": "400000"}
    started = RelayProcess(tmp_path, {"news": {"fragment_duration": "2"}}, environment=told)
    with started:
        yield started


def until(listener: socket.socket, word: str) -> list[str]:
    """The lines of the next message that has `word`."""
    while True:
        lines = listener.recv(4096).decode().split("\n")
        if word in lines:
            return lines


def test_it_says_that_it_is_ready_then_that_it_lives_then_that_it_ends(
    relay: RelayProcess, listener: socket.socket
) -> None:
    assert listener.recv(4096).decode().split("\n") == [
        "READY=1",
        "STATUS=1 channel, 0 POSTs from encoders",
    ]
    for _ in range(3):
        until(listener, "WATCHDOG=1")
    relay.terminate()
    until(listener, "STOPPING=1")


@pytest.mark.parametrize("name", UNITS)
def test_the_unit_is_in_order_and_little_exposed(tmp_path: Path, name: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    relay = tmp_path / "relay"
    relay.write_text("#!/bin/sh\n")
    relay.chmod(0o755)
    unit = tmp_path / UNITS[name]
    unit.write_text((CONF / name).read_text().replace("/opt/relay/bin/relay", str(relay)))
    environment = os.environ | {"SYSTEMD_LOG_LEVEL": "warning"}
    for words in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        ran = subprocess.run(
            [analyze, *words, str(unit)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
        assert "Unknown key" not in ran.stderr
