"""Fixtures of the end-to-end tests: real ffmpeg, real browser, and the relay's log on failure."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from tests.e2e import players
from tests.e2e.relay_process import RelayProcess
from tests.encoder.clips import ISML, Shape, make

Start = Callable[..., RelayProcess]

RELAYS: list[RelayProcess] = []
"""Those that run now; a failing test shows their logs, once."""
SHOWN: set[str] = set()

LOOP = Shape("loop.ismv", Fraction(25), 48, 48000, cells=25, options=ISML, rates=(300, 100))
"""48 s in fragments of 1.92 s: 48 pictures, 90 AAC frames."""


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of the ffmpeg that the imageio-ffmpeg wheel carries."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of two videos and audio for `relay push`, made once."""
    return make(LOOP, tmp_path_factory.mktemp("loop"))


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser; a test that asks for it is skipped, by name, where there is none."""
    reason = players.missing()
    if reason:
        pytest.skip(reason)
    return players.CHROMIUM


@pytest.fixture(scope="module")
def start_relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """`start_relay({"av": {...}})` gives a running relay; at the module's end its log is judged."""
    with ExitStack() as stack:
        started = []

        def start(channels: Mapping[str, Mapping[str, object]], extra: str = "") -> RelayProcess:
            relay = RelayProcess(tmp_path_factory.mktemp("relay"), channels, extra)
            RELAYS.append(relay)
            started.append(relay)
            return stack.enter_context(relay)

        yield start
    RELAYS.clear()
    assert not [relay.text() for relay in started if "Traceback" in relay.text()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for relay in RELAYS:
            if relay.url not in SHOWN:
                SHOWN.add(relay.url)
                report.sections.append((f"log of the relay at {relay.url}", relay.text()[-20000:]))
    return report
