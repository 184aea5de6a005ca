"""A header whose codec configuration is in the samples becomes a complete one."""

from pathlib import Path

import pytest

from relay.errors import BoxTooLarge
from relay.ingest.completion import MOST_HELD, Completion
from relay.ingest.smooth import Session
from relay.media import Fragment, Header
from relay.mp4 import avc, iso
from relay.mp4.codecs import describe
from relay.mp4.reader import Box, BoxReader, Limits
from tests.encoder.clips import ffmpeg

CAPTURES = Path(__file__).parent.parent / "captures"


def boxes(capture: str) -> list[Box]:
    return BoxReader().feed((CAPTURES / capture / "req001.body").read_bytes())


def entries(moov: Box) -> list[bytes]:
    return [track.sample_entry for track in iso.parse_moov(moov.data)]


def test_a_complete_header_passes_untouched() -> None:
    came = boxes("ff9-av")
    completion = Completion()
    assert [out for box in came for out in completion.take(box)] == came


def test_an_empty_avcc_is_filled_from_the_first_sample() -> None:
    """The same encoder with global headers (ff9-av) wrote the record that is expected."""
    completion = Completion()
    out = [passed for box in boxes("ff9-fifo") for passed in completion.take(box)]
    assert [box.type for box in out] == [box.type for box in boxes("ff9-fifo")]
    (moov,) = (box for box in out if box.type == "moov")
    (reference,) = (box for box in boxes("ff9-av") if box.type == "moov")
    video, audio = entries(moov)
    assert describe(video) == describe(entries(reference)[0])
    assert audio == entries(reference)[1]


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "yuv444p"])
def test_an_empty_hvcc_is_too(form: str, tmp_path: Path) -> None:
    """Told to write global headers, the same encoder writes the record that is expected."""

    def pushed(*flags: str) -> list[Box]:
        target = tmp_path / "hevc.ismv"
        source = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-t", "1", "-map", "0:v")
        codec = ("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", form, *flags)
        muxer = ("-f", "fifo", "-fifo_format", "ismv")
        ffmpeg(*source, *codec, *muxer, "-format_opts", "movflags=isml+frag_keyframe", str(target))
        return BoxReader().feed(target.read_bytes())

    lacking, whole = pushed(), pushed("-flags", "+global_header")
    completion = Completion()
    out = [passed for box in lacking for passed in completion.take(box)]
    (mended,), (reference,) = ([b for b in boxes if b.type == "moov"] for boxes in (out, whole))
    assert mended.data != next(box.data for box in lacking if box.type == "moov")
    assert describe(entries(mended)[0]) == describe(entries(reference)[0])
    assert describe(entries(mended)[0]).codecs.startswith("hvc1.")


def test_the_stream_is_then_an_ordinary_one() -> None:
    completion, session = Completion(), Session("main")
    found = [
        event
        for box in boxes("ff9-fifo")
        for passed in completion.take(box)
        for event in session.take(passed)
    ]
    assert isinstance(found[0], Header)
    assert found[0].tracks[0].track.codecs == "avc1.64000C"
    assert all(isinstance(event, Fragment) for event in found[1:])
    assert len(found) == 3  # the third mdat was cut off


def test_without_parameter_sets_all_goes_on_as_it_came() -> None:
    completion = Completion()
    came = [box for box in boxes("ff9-fifo") if box.type != "mdat"]
    assert [out for box in came for out in completion.take(box)] == came[:2]
    assert completion.end() == came[2:]


def test_what_is_held_is_bounded() -> None:
    completion = Completion()
    came = [box for box in boxes("ff9-fifo") if box.type == "moov"]
    came += [Box("free", b"\0\0\0\x08free", 8)] * (2 * MOST_HELD)
    out = [passed for box in came for passed in completion.take(box)]
    assert out == came


def test_damaged_units_yield_no_sets() -> None:
    assert avc.parameter_sets(b"") == ([], [])
    assert avc.parameter_sets(b"\xff\xff\xff\xff" * 9) == ([], [])
    assert avc.parameter_sets(b"\0\0\0\0" * 9) == ([], [])


def test_a_header_that_grew_beyond_what_can_be_read_again_is_refused() -> None:
    """It would be pinned, and no replay could read it."""
    completion, session = Completion(), Session("main")
    passed: list[Box] = []
    for came in boxes("ff9-fifo"):
        box = came
        if box.type == "moov":
            room = Limits().moov - len(box.data)
            padding = room.to_bytes(4, "big") + b"free" + bytes(room - 8)
            data = Limits().moov.to_bytes(4, "big") + box.data[4:] + padding
            box = BoxReader().feed(data)[0]
        passed += completion.take(box)
    with pytest.raises(BoxTooLarge):
        _ = [found for box in passed for found in session.take(box)]
