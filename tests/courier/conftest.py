"""Clips, as the model encoder's own tests have them."""

from tests.encoder.conftest import folder, record

__all__ = ["folder", "record"]
