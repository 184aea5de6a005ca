from collections.abc import Callable
from dataclasses import replace

import pytest

from relay.encoder.cutting import make as cut
from relay.encoder.header import header, smil
from relay.encoder.stamp import Stamper
from relay.ingest import manifest
from relay.ingest.smooth import read_header
from relay.media import Kind
from relay.mp4.recording import Recording
from tests.encoder.clips import LADDER, PLAIN_25, Shape

Record = Callable[[Shape], Recording]


@pytest.mark.requirement("TIME-1a", "TIME-3a", "HTTP-3b", role="client")
def test_the_manifest_is_read_back_with_every_timescale(stamper: Stamper) -> None:
    found = manifest.parse(smil(stamper.tracks).encode())
    assert [(told.track_id, told.key, told.timescale) for told in found] == [
        (sent.track_id, sent.key, sent.track.movie.timescale) for sent in stamper.tracks
    ]


def test_names_and_bit_rates_are_those_of_the_recordings_own_manifest(stamper: Stamper) -> None:
    assert [(sent.key.name, sent.key.bitrate) for sent in stamper.tracks] == [
        ("video", 300_000),
        ("video", 100_000),
        ("audio", 64_000),
    ]


def test_bit_rates_are_measured_where_nobody_says_them(record: Record) -> None:
    recording = record(PLAIN_25)
    assert not recording.manifest
    video, audio = Stamper.of(cut(recording)).tracks
    assert video.key.bitrate % 1000 == audio.key.bitrate % 1000 == 0
    size = 8 * sum(video.track.recorded.samples.sizes)
    assert abs(video.key.bitrate - size / 5.76) <= 500
    assert 55_000 < audio.key.bitrate < 75_000


def test_tracks_that_would_be_alike_get_names_of_their_own(record: Record) -> None:
    recording = record(PLAIN_25)
    video, audio = recording.tracks
    french = replace(audio, movie=replace(audio.movie, track_id=3, language="fra"))
    twin = replace(video, movie=replace(video.movie, track_id=4))
    tracks = Stamper.of(cut(replace(recording, tracks=(video, audio, french, twin)))).tracks
    assert [sent.key.name for sent in tracks] == ["video", "audio", "audio_fra", "video2"]
    assert tracks[2].key.language == "fra"
    read = read_header("main", header(tracks))
    assert [told.track.key for told in read.tracks] == [sent.key for sent in tracks]


def test_a_streams_header_holds_its_own_tracks_under_their_ids(stamper: Stamper) -> None:
    read = read_header("main", header(stamper.tracks[1:]))
    assert [told.track_id for told in read.tracks] == [2, 3]
    assert [told.track.key.kind for told in read.tracks] == [Kind.VIDEO, Kind.AUDIO]
    assert (read.tracks[0].track.width, read.tracks[0].track.height) == (160, 90)
    assert read.tracks[1].track.sampling_rate == LADDER.rate
    assert header(stamper.tracks[1:]) == header(stamper.tracks[1:])
