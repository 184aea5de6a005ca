"""Clips, as the model encoder's own tests have them."""

from tests.encoder.conftest import folder, record, stamper

__all__ = ["folder", "record", "stamper"]
