"""NAL units in samples."""

import pytest

from relay.mp4.avc import parameter_sets
from relay.mp4.nal import MOST, units

UNIT = b"\0\0\0\1\x09"


def test_units_end_where_one_is_cut_short() -> None:
    assert [bytes(unit) for unit in units(UNIT * 3 + b"\0\0\0\5\1")] == [b"\x09"] * 3
    assert not list(units(b"\0\0\0\0" + UNIT))


@pytest.mark.threat("T10")
def test_only_the_first_units_are_looked_at() -> None:
    """A sample of 60 MB may have twelve million."""
    assert len(list(units(UNIT * (MOST + 1)))) == MOST
    late = UNIT * MOST + b"\0\0\0\4\x67\1\2\3"
    assert parameter_sets(late) == ([], [])
