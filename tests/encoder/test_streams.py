import pytest

from relay.encoder.stamp import Stamper
from relay.encoder.streams import Grouping, spread


def ids(stamper: Stamper, grouping: Grouping, named: str | None = None) -> dict[str, list[int]]:
    found = spread(stamper, grouping, named)
    return {stream: [sent.track_id for sent in tracks] for stream, tracks in found.items()}


@pytest.mark.requirement("STREAM-2a", "STREAM-2b", "STREAM-2c", "STREAM-3a", role="client")
def test_the_three_ways_to_spread_tracks(stamper: Stamper) -> None:
    assert ids(stamper, Grouping.ALL) == {"main": [1, 2, 3]}
    assert ids(stamper, Grouping.EACH) == {
        "video-300000": [1],
        "video-100000": [2],
        "audio-64000": [3],
    }
    assert ids(stamper, Grouping.AUDIO_WITH_LOW) == {"video-300000": [1], "video-100000": [2, 3]}


def test_an_id_in_the_url_names_the_stream_or_stands_before_its_name(stamper: Stamper) -> None:
    assert list(ids(stamper, Grouping.ALL, "sat1")) == ["sat1"]
    assert list(ids(stamper, Grouping.AUDIO_WITH_LOW, "sat1")) == [
        "sat1-video-300000",
        "sat1-video-100000",
    ]


def test_without_video_every_sound_is_alone(stamper: Stamper) -> None:
    mute = Stamper(stamper.clip, stamper.tracks[2:])
    assert ids(mute, Grouping.AUDIO_WITH_LOW) == {"audio-64000": [3]}
