"""Fixtures of the fault runner."""

from pathlib import Path

import imageio_ffmpeg
import pytest

from relay.encoder.stamp import Stamper
from tests.faults import legs


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
