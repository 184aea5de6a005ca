"""A file to write configurations into, and an environment that says nothing of the relay."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.written import Written


@pytest.fixture
def environment() -> Iterator[os._Environ[str]]:
    """os.environ without what the shell says of the relay; as it was, afterwards."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("RELAY_"):
            del os.environ[name]
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def written(tmp_path: Path, environment: os._Environ[str]) -> Written:
    return Written(tmp_path / "relay.toml")
