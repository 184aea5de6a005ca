"""The command line as an operator types it: exit codes, sentences, never a traceback."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CAPTURE = ROOT / "tests" / "captures" / "ff9-av" / "req001.body"
COMMANDS = ("run", "check", "init", "dump", "status", "demo", "reset", "prefer", "version")


def relay(*words: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
    ran = subprocess.run(
        [sys.executable, "-m", "relay", *map(str, words)],
        input=given,
        capture_output=True,
        cwd=ROOT,
        check=False,
        timeout=60,
        env=plain | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
    )
    told = subprocess.CompletedProcess(
        ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode()
    )
    assert "Traceback" not in told.stderr
    return told


def test_help_lists_every_command() -> None:
    told = relay("--help")
    assert told.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in told.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_says_what_it_and_its_words_do(command: str) -> None:
    told = relay(command, "--help")
    assert told.returncode == 0
    lines = [line.strip(" │*") for line in told.stdout.splitlines() if line.strip(" │╭╰─╮╯")]
    assert lines[1].endswith((".", "player.", "ready."))
    for line in lines:
        if line.startswith("--"):
            assert len(line.split()) > 3  # name, type, and words of explanation


def test_check_of_a_good_file() -> None:
    told = relay("check", "conf/relay.toml")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "conf/relay.toml: good. Channels: news.\n"


def test_check_prints_the_effective_values(tmp_path: Path) -> None:
    conf = tmp_path / "relay.toml"
    conf.write_text('[channels.news]\nfragment_duration = "2002/1000"')
    lines = relay("check", "--print", conf).stdout.splitlines()
    assert [line.split() for line in lines if "fragment_duration" in line or "listen" in line] == [
        ["listen", "=", '"0.0.0.0:8080"', "#", "default"],
        ["fragment_duration", "=", '"1001/500"', "#", "file"],
    ]


def test_init_prints_the_shipped_file() -> None:
    told = relay("init")
    assert (told.returncode, told.stdout) == (0, (ROOT / "conf" / "relay.toml").read_text("utf-8"))
    assert "ChannelTable" in json.loads(relay("init", "--schema").stdout)["$defs"]


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_configuration_ends_with_78_and_one_line_per_error(
    tmp_path: Path, command: str
) -> None:
    conf = tmp_path / "relay.toml"
    conf.write_text('colour = 1\n[server]\nlisten = ":99999"\n[channels.news]\npatience = -1')
    told = relay(command, conf)
    assert (told.returncode, told.stdout) == (78, "")
    lines = told.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"relay: {conf}: ") for line in lines)


def test_a_file_that_is_not_there_ends_with_78_and_says_how_to_begin(tmp_path: Path) -> None:
    told = relay("check", tmp_path / "absent.toml")
    assert told.returncode == 78
    assert "no such file" in told.stderr
    assert "relay init > " in told.stderr


def test_dump_of_a_capture_from_a_file_and_from_standard_input() -> None:
    told = relay("dump", CAPTURE)
    assert told.returncode == 0
    for word in ("ftyp", "moov", "tfxd", "mdat"):
        assert word in told.stdout
    assert relay("dump", "-", given=CAPTURE.read_bytes()).stdout == told.stdout
    assert isinstance(json.loads(relay("dump", "--json", CAPTURE).stdout), list)


def test_dump_of_damage_says_where_it_broke() -> None:
    told = relay("dump", "-", given=CAPTURE.read_bytes()[:3_000])
    assert told.returncode == 0
    assert "ftyp" in told.stdout


def test_dump_of_nothing_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.mp4", tmp_path):
        told = relay("dump", path)
        assert told.returncode == 1
        assert len(told.stderr.splitlines()) == 1
        assert str(path) in told.stderr


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(params=[b"<html>", b"[1]", b'{"channels": {"news": {}}}'])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that is no relay: it answers 200, and something."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(request.param)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("words", [("--admin",), (), ("--ready",), ("--json",)])
def test_status_of_nothing_is_one_sentence(nobody: str, words: tuple[str, ...]) -> None:
    told = relay("status", *words, nobody)
    assert (told.returncode, told.stdout) == (1, "")
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"No relay is ready at {nobody}: ")


def test_status_of_a_stranger_is_one_sentence(stranger: str) -> None:
    told = relay("status", "--admin", stranger)
    assert (told.returncode, told.stdout) == (1, "")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("admin", ["ftp://x", "127.0.0.1:8081", "http://[::1", "http://h:port"])
def test_status_of_what_is_no_address(admin: str) -> None:
    told = relay("status", "--admin", admin)
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1


def test_version() -> None:
    assert relay("version").stdout.startswith("relay ")
