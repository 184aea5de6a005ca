"""A manifest on its way up says what a receiver must be told, and is left alone if it does."""

import pytest

from relay.ingest.manifest import parse, stated
from relay.mp4.smooth import manifest_xml
from tests.ingest.pushes import manifest, part, said

TEN = 10_000_000


def xml(*tracks: str) -> bytes:
    return manifest_xml(bytes(manifest(*tracks).payload))


VIDEO, AUDIO = said("video", 1, 5000), said("audio", 2, 64)
STATED = said("audio", 2, 64, timescale="48000")


@pytest.mark.parametrize(
    ("tracks", "scales"),
    [
        ((VIDEO,), {1: TEN}),
        ((VIDEO, AUDIO), {1: TEN, 2: TEN}),
        ((STATED,), {2: 48000}),
        ((said("video", 1, 5000, timescale="90000"), STATED), {1: 90000, 2: 48000}),
        ((VIDEO, AUDIO), {1: TEN}),  # the other one is not sent
        ((VIDEO, AUDIO), {}),
    ],
)
def test_what_says_enough_is_left_alone(tracks: tuple[str, ...], scales: dict[int, int]) -> None:
    data = xml(*tracks)
    assert stated(data, scales) is data
    captured = manifest_xml(bytes(part("uuid").payload))
    ids = {track.track_id: TEN for track in parse(captured)}
    assert stated(captured, ids) is captured


@pytest.mark.requirement("TIME-1a", "TIME-3a", role="client")
@pytest.mark.parametrize(
    ("tracks", "scales"),
    [
        ((VIDEO,), {1: 90000}),
        ((VIDEO, AUDIO), {1: TEN, 2: 48000}),
        ((VIDEO, STATED), {1: TEN, 2: 48000}),
        ((VIDEO, STATED), {1: 90000, 2: 48000}),
        ((said("video", 1, 5000, timescale="1000"),), {1: 90000}),
    ],
)
def test_every_timescale_is_stated_when_one_must_be(
    tracks: tuple[str, ...], scales: dict[int, int]
) -> None:
    data = xml(*tracks)
    found = stated(data, scales)
    assert {track.track_id: track.timescale for track in parse(found)} == scales
    assert [track.key for track in parse(found)] == [track.key for track in parse(data)]
    assert stated(found, scales) is found


@pytest.mark.requirement("SPARSE-2a", "SPARSE-3a", role="client")
@pytest.mark.parametrize("output", [None, "false"])
def test_a_sparse_track_is_to_be_shown_in_manifests(output: str | None) -> None:
    cues = said("textstream", 3, trackName="cues", parentTrackName="video")
    if output is not None:
        cues = cues.replace("<param ", f'<param name="manifestOutput" value="{output}"/><param ', 1)
    data = xml(cues)
    (track,) = parse(stated(data, {3: TEN}))
    assert (track.output, track.parent, track.key.name) == (True, "video", "cues")
    text = xml(said("textstream", 3, trackName="subtitles"))
    assert stated(text, {3: TEN}) is text, "text that belongs to no other track"
