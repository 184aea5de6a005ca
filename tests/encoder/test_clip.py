from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from relay.encoder.cutting import make
from relay.errors import OperatorError
from relay.media import Kind
from relay.mp4.recording import Recording
from relay.numbering import Grid
from tests.encoder.clips import (
    ALL,
    LADDER,
    MUTE,
    PLAIN_25,
    PLAIN_2997,
    Shape,
)

Record = Callable[[Shape], Recording]
NOW = 1_790_000_000
NAMES = [shape.name for shape in ALL]


@pytest.mark.parametrize("shape", ALL, ids=NAMES)
def test_a_thousand_cells_join_without_a_seam(shape: Shape, record: Record) -> None:
    clip = make(record(shape), shape.cell)
    assert (clip.D, clip.cells) == (shape.cell, shape.cells)
    first = NOW // clip.D
    grid = Grid(clip.D)
    for track in clip.tracks:
        scale = track.movie.timescale
        pieces = [clip.piece(track, n) for n in range(first, first + 1000)]
        for before, after in pairwise(pieces):
            assert after.time == before.time + before.samples.duration
        frame = max(1, int(track.frame * scale))
        for n, piece in enumerate(pieces, first):
            assert grid.index(piece.time, piece.samples.duration, scale) == n
            off = Fraction(piece.shown, scale) - n * clip.D
            assert abs(off) <= (track.frame / 2 if track.kind is Kind.AUDIO else Fraction(1, scale))
            # Rounded by the muxer, and the last one by us.
            assert all(abs(length - frame) <= 2 for length in piece.samples.durations)


@pytest.mark.parametrize("shape", ALL, ids=NAMES)
def test_the_pictures_of_a_loop_are_all_pictures_in_their_order(
    shape: Shape, record: Record
) -> None:
    clip = make(record(shape), shape.cell)
    for track in clip.tracks:
        if track.kind is Kind.VIDEO:
            places = [p for n in range(clip.cells) for p in clip.piece(track, n).places]
            assert places == list(track.recorded.places)
            assert len(places) == shape.gop * shape.cells
            for n in range(clip.cells):
                piece = clip.piece(track, n + 7 * clip.cells)
                assert piece.places == clip.piece(track, n).places
                begin = track.cuts[n]
                offsets = track.recorded.samples.offsets[begin : begin + piece.samples.count]
                assert list(piece.samples.offsets) == list(offsets)
                assert piece.samples.sync


def test_offsets_of_both_signs_came_along(record: Record) -> None:
    plain, ladder = (make(record(shape)) for shape in (PLAIN_25, LADDER))
    assert min(plain.piece(plain.tracks[0], NOW).samples.offsets) > 0
    assert min(ladder.piece(ladder.tracks[0], NOW).samples.offsets) < 0


def test_sound_stays_within_a_frame_of_the_picture(record: Record) -> None:
    """At 44.1 kHz neither cell nor loop holds whole frames: one is left out or said twice."""
    clip = make(record(PLAIN_2997))
    (audio,) = [track for track in clip.tracks if track.kind is Kind.AUDIO]
    places = list(audio.recorded.places)
    began = Fraction(audio.recorded.shown(0), audio.movie.timescale)
    video = clip.tracks[0].recorded
    shown = Fraction(video.shown(0), video.movie.timescale)
    counts = set()
    for n in range(NOW, NOW + 300 * clip.cells):
        piece = clip.piece(audio, n)
        counts.add(piece.samples.count)
        heard = began + places.index(piece.places[0]) * audio.frame - shown
        wanted = (n % clip.cells) * clip.D
        off = Fraction(piece.shown, audio.movie.timescale) - n * clip.D
        assert abs(heard - wanted - off) <= audio.frame
    assert len(counts) == 2


def test_duration_follows_the_key_frames_when_nothing_is_said(record: Record) -> None:
    assert Fraction(2002, 1000) == make(record(PLAIN_2997)).D
    assert Fraction("1.92") == make(record(PLAIN_25)).D
    assert Fraction(2) == make(record(MUTE)).D  # two groups of a second


def test_several_groups_of_pictures_make_a_cell(record: Record) -> None:
    clip = make(record(MUTE), Fraction(2))
    assert (clip.cells, clip.tracks[0].cuts) == (2, (0, 50, 100))


def test_key_frames_off_the_grid_are_refused_with_the_remedy(record: Record) -> None:
    with pytest.raises(OperatorError) as caught:
        make(record(PLAIN_25), Fraction(3))
    assert "-g 75" in caught.value.hint
    with pytest.raises(OperatorError) as caught:
        make(record(PLAIN_2997), Fraction("1.95"))
    assert "whole frames" in caught.value.hint


def test_the_shortest_track_decides_how_long_the_clip_is(record: Record) -> None:
    recording = record(PLAIN_25)
    video, audio = recording.tracks
    samples = audio.samples
    kept = 100  # of 270 frames: one cell of 90
    short = replace(
        audio,
        times=audio.times[:kept],
        places=audio.places[:kept],
        samples=type(samples)(
            samples.durations[:kept],
            samples.sizes[:kept],
            samples.flags[:kept],
            samples.offsets[:kept],
        ),
    )
    clip = make(replace(recording, tracks=(video, short)), PLAIN_25.cell)
    assert clip.cells == 1
    assert clip.tracks[0].cuts == (0, 48)


def test_a_file_of_neither_video_nor_audio_is_refused(record: Record) -> None:
    with pytest.raises(OperatorError, match="neither"):
        make(replace(record(PLAIN_25), tracks=()))


def test_a_stretched_first_frame_does_not_move_the_sound(record: Record) -> None:
    """ffmpeg writes one into muxed fragments, where it cannot hide AAC's priming otherwise."""
    recording = record(PLAIN_25)
    video, audio = recording.tracks
    later = 3 * 1024
    moved = replace(audio, times=[audio.times[0], *(t + later for t in audio.times[1:])])
    clip = make(replace(recording, tracks=(video, moved)))
    assert clip.cells == PLAIN_25.cells
    (sound,) = [track for track in clip.tracks if track.kind is Kind.AUDIO]
    places = list(moved.places)
    for n in range(clip.cells):
        heard = [places.index(place) for place in clip.piece(sound, n).places]
        for position in (5, 50):
            wanted = (n * 90 + position) * 1024
            assert moved.shown(heard[position]) - video.shown(0) == wanted
