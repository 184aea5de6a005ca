"""Clips, made once for the session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from relay.encoder.cutting import make as cut
from relay.encoder.stamp import Stamper
from relay.mp4.recording import Recording, read
from tests.encoder.clips import LADDER, Shape, make

Record = Callable[[Shape], Recording]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def record(folder: Path) -> Record:
    """A clip of a shape, read."""

    @cache
    def recorded(shape: Shape) -> Recording:
        return read(make(shape, folder).read_bytes())

    return recorded


@pytest.fixture(scope="session")
def stamper(record: Record) -> Stamper:
    """Two videos and audio, D = 1.92 s."""
    return Stamper.of(cut(record(LADDER)))
