import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from relay.encoder.cutting import make as cut
from relay.encoder.stamp import Slip, Stamper
from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4.fragment import parse_moof
from relay.mp4.reader import BoxReader
from relay.mp4.recording import Recording, read
from relay.numbering import Grid
from tests.encoder.clips import ALL, FFMPEG, FRAGMENTED_50, LADDER, PLAIN_2997, Shape

Record = Callable[[Shape], Recording]
FIRST = 932_000_000


def heard(data: bytes) -> list[Header | Fragment]:
    """What the relay understands."""
    session = Session("main")
    return [found for box in BoxReader().feed(data) for found in session.take(box)]


def pushed(stamper: Stamper, first: int, count: int) -> bytes:
    parts = [stamper.header(stamper.tracks)]
    for n in range(first, first + count):
        parts += [stamper.fragment(sent, n) for sent in stamper.tracks]
    return b"".join(parts)


@pytest.mark.parametrize("shape", ALL, ids=[shape.name for shape in ALL])
@pytest.mark.requirement("FMT-4c", "ENC-3a", role="client")
def test_two_stampers_started_apart_say_the_same(
    shape: Shape, folder: Path, record: Record
) -> None:

    one = Stamper.of(cut(record(shape)))
    other = Stamper.of(cut(read((folder / shape.name).read_bytes())))
    for n in range(FIRST - 5, FIRST):
        for sent in other.tracks:
            other.fragment(sent, n)
    assert pushed(one, FIRST, 7) == pushed(other, FIRST, 7)


@pytest.mark.parametrize("shape", ALL, ids=[shape.name for shape in ALL])
@pytest.mark.requirement("FMT-3a", "FMT-8b", role="client")
def test_the_relay_reads_every_fragment_back(shape: Shape, record: Record) -> None:
    stamper = Stamper.of(cut(record(shape)))
    header, *fragments = heard(pushed(stamper, FIRST, 9))
    assert isinstance(header, Header)
    assert [told.track.key for told in header.tracks] == [sent.key for sent in stamper.tracks]
    grid = Grid(stamper.clip.D)
    numbers = iter([(n, sent) for n in range(FIRST, FIRST + 9) for sent in stamper.tracks])
    for found, (n, sent) in zip(fragments, numbers, strict=True):
        assert isinstance(found, Fragment)
        piece = stamper.clip.piece(sent.track, n)
        assert found.track.key == sent.key
        assert grid.index(found.time, found.duration, found.track.timescale) == n
        assert (found.time, found.duration) == (piece.time, piece.samples.duration)
        assert (found.sample_count, found.index) == (piece.samples.count, None)
        assert found.track.timescale == sent.track.movie.timescale


@pytest.mark.parametrize("shape", ALL, ids=[shape.name for shape in ALL])
def test_ffmpeg_decodes_two_loops(shape: Shape, record: Record, tmp_path: Path) -> None:
    stamper = Stamper.of(cut(record(shape)))
    cells = 2 * stamper.clip.cells + 1
    file = tmp_path / "pushed.ismv"
    file.write_bytes(pushed(stamper, FIRST, cells))
    for at, sent in enumerate(stamper.tracks):
        command = [FFMPEG, "-nostdin", "-v", "error", "-xerror", "-i", str(file)]
        command += ["-map", f"0:{at}", "-fps_mode", "passthrough", "-f", "framecrc", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        frames = [x for x in done.stdout.splitlines() if x and not x.startswith("#")]
        samples = sum(
            stamper.clip.piece(sent.track, n).samples.count for n in range(FIRST, FIRST + cells)
        )
        assert abs(len(frames) - samples) <= (0 if sent.track.cuts else 1)


@pytest.mark.parametrize(("width", "base"), [(32, 0), (64, 1)])
@pytest.mark.requirement("FMT-4b", "FMT-4c", role="client")
def test_version_2_carries_the_number(record: Record, width: int, base: int) -> None:
    stamper = Stamper.of(cut(record(PLAIN_2997)), width, base)
    plain = Stamper.of(cut(record(PLAIN_2997)))
    _, *fragments = heard(pushed(stamper, FIRST, 4))
    indexes = [found.index for found in fragments if isinstance(found, Fragment)]
    assert indexes == [n + base for n in range(FIRST, FIRST + 4) for _ in stamper.tracks]
    longer = len(stamper.fragment(stamper.tracks[0], FIRST))
    assert longer == len(plain.fragment(plain.tracks[0], FIRST)) + width // 8


def test_sequence_numbers_rise_in_any_stream_and_come_round(record: Record) -> None:
    stamper = Stamper.of(cut(record(LADDER)))

    def order(n: int, track: int) -> int:
        data = stamper.fragment(stamper.tracks[track], n)
        return parse_moof(data[: int.from_bytes(data[:4], "big")]).sequence_number

    numbers = [order(n, track) for n in range(FIRST, FIRST + 4) for track in range(3)]
    assert numbers == list(range(numbers[0], numbers[0] + 12))
    assert order(2**32, 1) == 1


def test_a_slip_moves_the_time_and_nothing_else(stamper: Stamper) -> None:
    video = stamper.tracks[0]
    scale = video.track.movie.timescale

    def fragment(n: int, slip: Slip) -> Fragment:
        found = heard(stamper.header(stamper.tracks) + stamper.fragment(video, n, slip))[1]
        assert isinstance(found, Fragment)
        return found

    true, after = fragment(FIRST, Slip()), fragment(FIRST + 1, Slip())
    late, later = Slip(Fraction(1, 100), Fraction(1, 50)), Slip(Fraction(1, 50), Fraction(3, 100))
    moved, joined = fragment(FIRST, late), fragment(FIRST + 1, later)
    assert moved.time - true.time == scale // 100
    assert joined.time - after.time == scale // 50
    assert moved.end == joined.time
    assert moved.data[1] == true.data[1]

    slate = fragment(FIRST, Slip(content=FIRST + 1))
    assert (slate.time, slate.duration) == (true.time, true.duration)
    assert slate.data[1] == after.data[1] != true.data[1]


def test_every_cell_takes_its_bytes_from_the_recording(record: Record) -> None:
    stamper = Stamper.of(cut(record(FRAGMENTED_50)))
    for sent in stamper.tracks:
        piece = stamper.clip.piece(sent.track, FIRST)
        data = stamper.fragment(sent, FIRST)
        at = len(data) - sum(piece.samples.sizes)
        for place, size in zip(piece.places, piece.samples.sizes, strict=True):
            assert data[at : at + size] == stamper.clip.recording.data[place : place + size]
            at += size
