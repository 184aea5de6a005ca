"""Clips, as the model encoder's own tests have them."""

from collections.abc import Callable

import pytest

from relay.encoder.cutting import make as cut
from relay.encoder.stamp import Stamper
from relay.mp4.recording import Recording
from tests.courier.sending import CELL
from tests.encoder.clips import MUTE, Shape
from tests.encoder.conftest import folder, record

__all__ = ["folder", "record"]


@pytest.fixture(scope="session")
def quick(record: Callable[[Shape], Recording]) -> Stamper:
    """One video in cells of a second."""
    return Stamper.of(cut(record(MUTE), CELL))
