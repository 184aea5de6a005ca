"""A stream's header, one for each of its tracks."""

from contextlib import suppress
from dataclasses import replace

import pytest

from relay.errors import EncoderError
from relay.ingest.smooth import read_header
from relay.media import Header
from relay.mp4.movie import parse_moov
from relay.mp4.reader import BoxReader
from relay.uplink.singles import singles
from tests import door
from tests.mp4.recorded import BODIES, boxes


def header(name: str = door.AV) -> Header:
    data = b"".join(box.data for box in boxes(name)[:3])
    return read_header("main", data)


def _whole(name: str) -> bool:
    """Some captured pushes were broken off before their codec was known."""
    with suppress(EncoderError):
        return bool(header(name).tracks)
    return False


@pytest.mark.parametrize("name", [name for name in BODIES if _whole(name)])
@pytest.mark.requirement("STREAM-2b", "SPARSE-2a", role="client")
def test_each_track_keeps_its_meaning_and_stands_alone(name: str) -> None:
    whole = header(name)
    found = singles("main", whole)
    assert list(found) == [told.track.name for told in whole.tracks]
    for one, told in zip(found.values(), whole.tracks, strict=True):
        assert read_header("main", one.data).tracks == (told,)
        (moov,) = (box.data for box in BoxReader().feed(one.data) if box.type == "moov")
        assert [track.track_id for track in parse_moov(moov)] == [told.track_id]
        if len(whole.tracks) == 1:
            assert len(one.data) <= len(whole.data)


@pytest.mark.requirement("FMT-1b", "SVC-5c", role="client")
def test_it_is_the_same_every_time() -> None:
    assert singles("main", header()) == singles("main", header())


def test_a_name_that_is_no_stream_id_is_replaced() -> None:
    whole = header()
    long = replace(whole.tracks[0].track.key, name="x" * 64)
    told = replace(whole.tracks[0], track=replace(whole.tracks[0].track, key=long))
    with pytest.raises(EncoderError):  # what it says of itself is another name
        singles("main", Header(whole.data, (told,)))


def test_what_the_manifest_leaves_out_cannot_stand_alone() -> None:
    whole = header()
    told = replace(whole.tracks[0], track_id=77)
    with pytest.raises(EncoderError):
        singles("main", Header(whole.data, (told,)))
