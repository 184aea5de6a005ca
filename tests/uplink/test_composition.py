"""Which streams a received one goes up as, and with which headers."""

from dataclasses import replace

import pytest

from relay.ingest import manifest
from relay.ingest.smooth import read_header
from relay.media import Header, Kind
from relay.mp4.movie import parse_moov
from relay.mp4.reader import BoxReader
from relay.mp4.smooth import manifest_xml
from relay.uplink.composition import composed
from relay.uplink.singles import single_id
from tests import door
from tests.uplink.world import av


def audio() -> str:
    (name,) = (t.track.name for t in av().tracks if t.track.key.kind is Kind.AUDIO)
    return name


def streams(header: Header, **how: bool) -> dict[str, list[str]]:
    found = composed("main", "main", header, **how)
    return {name: [told.track.name for told in one.tracks] for name, one in found.items()}


def test_streams_go_up_as_they_came_unless_something_else_is_said() -> None:
    assert composed("main/0123", "main", av()) == {"main/0123": av()}


@pytest.mark.requirement("STREAM-2a", "STREAM-2b", "STREAM-3a", "STREAM-4a", role="client")
def test_audio_goes_up_once_more_in_a_stream_of_its_own() -> None:
    every = [told.track.name for told in av().tracks]
    assert streams(av(), audio_twice=True) == {"main": every, f"{audio()}-2": [audio()]}
    each = {name: [name] for name in every}
    assert streams(av(), per_track=True) == each
    assert streams(av(), per_track=True, audio_twice=True) == {
        **each,
        f"{audio()}-2": [audio()],
    }


@pytest.mark.requirement("AUDIO-2a", "AUDIO-4a", "TIME-1a", "TIME-3a", role="client")
def test_the_copys_header_says_of_the_audio_what_the_stream_says_of_it() -> None:
    found = composed("main", "main", av(), audio_twice=True)
    copy = found[f"{audio()}-2"]
    boxes = {box.type: box for box in BoxReader().feed(copy.data)}
    assert list(boxes) == ["ftyp", "uuid", "moov"]
    (entry,) = manifest.parse(manifest_xml(bytes(boxes["uuid"].payload)))
    (movie,) = parse_moov(boxes["moov"].data)
    (told,) = copy.tracks
    whole = {box.type: box for box in BoxReader().feed(av().data)}
    entries = manifest.parse(manifest_xml(bytes(whole["uuid"].payload)))
    assert entry in entries
    assert entry.timescale in (None, told.track.timescale)
    assert entry.track_id == movie.track_id == told.track_id
    assert read_header("x", copy.data).tracks == (told,)
    alone = composed("main", "main", av(), per_track=True, audio_twice=True)
    assert alone[audio()].data == alone[f"{audio()}-2"].data == copy.data


def test_a_header_of_one_track_stays_byte_for_byte() -> None:
    video = read_header("main", door.header(door.VIDEO))
    (only,) = composed("main", "main", video, per_track=True).values()
    assert only.data == video.data
    assert streams(video, audio_twice=True) == {"main": [door.TRACK]}
    copy = composed("main", "main", av(), audio_twice=True)[f"{audio()}-2"]
    again = composed("sound", "sound", copy, audio_twice=True)
    assert again[f"{audio()}-2"].data == again["sound"].data == copy.data


def test_an_id_too_long_is_replaced_by_one_of_its_own() -> None:
    name = "a" * 63
    assert single_id(name) == name
    assert len({single_id(f"{name}-2"), single_id(f"{name}-3"), single_id(name)}) == 3
    assert all(len(single_id(f"{name}-{n}")) <= 64 for n in range(2, 12))


def test_what_a_header_does_not_carry_is_not_copied() -> None:
    video = tuple(told for told in av().tracks if told.track.key.kind is Kind.VIDEO)
    assert streams(replace(av(), tracks=video), audio_twice=True) == {
        "main": [told.track.name for told in video]
    }
