"""Fixtures of the fault runner. `FAULTS_LONG=1` (`make faults`) adds what takes minutes."""

import os
from pathlib import Path

import imageio_ffmpeg
import pytest

from relay.encoder.stamp import Stamper
from tests.faults import legs


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not os.environ.get("FAULTS_LONG"):
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of the ffmpeg that the imageio-ffmpeg wheel carries."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme that the legs push."""
    return legs.clip(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def made(clip: Path) -> Stamper:
    """What makes its fragments."""
    return legs.stamper(clip)
