"""Encoders that have to say who they are: a real ffmpeg, and `relay push`, to a real relay."""

import json
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.conftest import Start
from tests.e2e.encoder import Programme
from tests.e2e.pushing import Push
from tests.e2e.relay_process import RelayProcess

pytestmark = pytest.mark.e2e

PROGRAMME = Programme(seconds=6)
PASSWORD, TOKEN = "sesame-0123", "token-of-enc-c-0123456789"


@pytest.fixture(scope="module")
def relay(start_relay: Start, tmp_path_factory: pytest.TempPathFactory) -> RelayProcess:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "token").write_text(f"{TOKEN}\n")
    sources = {
        "enc_b": {"username": "b", "password_file": str(folder / "password")},
        "enc_c": {"token_file": str(folder / "token")},
    }
    names = ("digest", "basic", "token", "wrong", "push")
    return start_relay({name: {"fragment_duration": "2", "sources": sources} for name in names})


def sources(relay: RelayProcess, channel: str) -> list[str]:
    """The sources that have delivered fragments."""
    with urlopen(f"{relay.admin_url}/api/v1/status", timeout=30) as answer:
        return list(json.load(answer)["channels"][channel]["sources"])


def push(
    ffmpeg: str, relay: RelayProcess, channel: str, before: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Push the whole programme, as fast as it goes; `before` the host: user and password."""
    url = f"http://{before}127.0.0.1:{relay.port}/{channel}.isml/Streams(av)"
    command = PROGRAMME.command(ffmpeg, url, live=False)
    where = command.index("-f", command.index("ismv") - 1)
    command[where:where] = options
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.requirement("HTTP-1a")
@pytest.mark.parametrize(
    ("channel", "options"), [("digest", ()), ("basic", ("-auth_type", "basic"))]
)
@pytest.mark.threat("T33")
def test_ffmpeg_with_a_password_in_its_url(
    ffmpeg: str, relay: RelayProcess, channel: str, options: tuple[str, ...]
) -> None:
    done = push(ffmpeg, relay, channel, f"b:{PASSWORD}@", *options)
    assert done.returncode == 0, done.stderr
    assert sources(relay, channel) == ["enc_b"]


@pytest.mark.threat("T33")
def test_ffmpeg_with_a_token_in_a_header(ffmpeg: str, relay: RelayProcess) -> None:
    field = f"Authorization: Bearer {TOKEN}\r\n"
    done = push(ffmpeg, relay, "token", "", "-headers", field)
    assert done.returncode == 0, done.stderr
    assert sources(relay, "token") == ["enc_c"]


@pytest.mark.threat("T01")
@pytest.mark.parametrize("before", ["", "b:guess@", "nobody:sesame-0123@"])
def test_ffmpeg_without_the_right_password(ffmpeg: str, relay: RelayProcess, before: str) -> None:
    refused = relay.text().count("INGEST_UNAUTHORIZED")
    push(ffmpeg, relay, "wrong", before)
    assert relay.text().count("INGEST_UNAUTHORIZED") > refused
    assert sources(relay, "wrong") == []


@pytest.mark.threat("T33")
def test_the_model_encoder_negotiates(loop: Path, relay: RelayProcess, tmp_path: Path) -> None:
    url = f"{relay.url}/push.isml/Streams(main)"
    with Push(loop, url, "enc_b", tmp_path) as encoder:
        encoder.start("--user", f"b:{PASSWORD}")
        deadline = time.monotonic() + 60
        while not sources(relay, "push") and time.monotonic() < deadline:
            time.sleep(0.2)
        assert encoder.end() == 0, encoder.text()
    assert sources(relay, "push") == ["enc_b"]


def test_no_secret_is_in_the_log(relay: RelayProcess) -> None:
    said = relay.text()
    assert "INGEST_UNAUTHORIZED" in said
    assert PASSWORD not in said
    assert TOKEN not in said


def test_a_relay_whose_secret_is_missing_does_not_start(tmp_path: Path) -> None:
    gone = {"sources": {"enc_a": {"token_file": str(tmp_path / "gone")}}}
    with (
        pytest.raises(RuntimeError, match=r"exit code 78(.|\n)*gone: No such file"),
        RelayProcess(tmp_path, {"news": gone}),
    ):
        pass
