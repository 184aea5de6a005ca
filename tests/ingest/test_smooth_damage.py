"""The live-ingest grammar: whatever comes, only EncoderErrors come out."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.errors import EncoderError
from relay.ingest.smooth import Session, read_header
from relay.media import Header
from relay.mp4.reader import BoxReader
from tests.ingest.pushes import (
    AV,
    HEADER,
    MEDIA,
    header_of,
    run,
)
from tests.mp4.recorded import boxes

SHORT = b"".join(one.data for one in (*HEADER, *MEDIA, *boxes(AV)[5:9]))
SMALL = b"".join(one.data for one in HEADER) + MEDIA[0].data


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=4
    ),
    st.integers(0, 2),
)
@example([(0, 0)], 0)
@pytest.mark.threat("T11")
def test_bytes_changed(changes: list[tuple[int, int]], cached: int) -> None:
    damaged = bytearray(SHORT)
    for at, value in changes:
        damaged[at] = value
    refused_or_read(bytes(damaged), cached)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SMALL)), st.integers(0, 40), st.binary(max_size=40))
def test_bytes_lost_and_put_in(at: int, lost: int, put: bytes) -> None:
    refused_or_read(SHORT[:at] + put + SHORT[at + lost :], 0)


def refused_or_read(data: bytes, cached: int) -> None:
    """Nothing but EncoderError escapes, and what comes out can be used."""
    session = Session("main", header_of() if cached else None)
    reader = BoxReader()
    with suppress(EncoderError):
        for chunk in (data, b""):
            for found in run(reader.feed(chunk), session):
                if isinstance(found, Header):
                    assert read_header("main", found.data) == found
                else:
                    assert found.size == sum(len(one) for one in found.data)
                    assert found.sample_count > 0
