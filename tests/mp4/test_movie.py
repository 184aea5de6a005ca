import pytest

from relay.errors import BoxInvalid, EncoderError, HeaderInvalid
from relay.media import SampleDefaults
from relay.mp4.grammar import HDLR, MDHD, TKHD, TREX
from relay.mp4.movie import parse_moov
from relay.mp4.write import described
from tests.mp4.recorded import BODIES, box, moov, u32

ENTRY = box("avc1", bytes(90))


def trak(
    track_id: int = 1,
    *,
    handler: str = "vide",
    timescale: int = 90000,
    language: str = "eng",
    entries: bytes = ENTRY,
    without: str = "",
) -> bytes:
    tkhd = described("tkhd", TKHD, track_ID=track_id, width=640, height=360)
    mdhd = described("mdhd", MDHD, timescale=timescale, language=language)
    hdlr = described("hdlr", HDLR, handler_type=handler, name="\0")
    stsd = box("stsd", u32(0, bool(entries)), entries)
    parts = {"tkhd": tkhd, "mdhd": mdhd, "hdlr": hdlr, "stsd": stsd}
    if without in parts:
        parts[without] = b""
    stbl = b"" if without == "stbl" else box("stbl", parts["stsd"])
    minf = b"" if without == "minf" else box("minf", stbl)
    mdia = b"" if without == "mdia" else box("mdia", parts["mdhd"], parts["hdlr"], minf)
    return box("trak", parts["tkhd"], mdia)


@pytest.mark.parametrize("name", BODIES)
def test_captures_say_what_was_encoded(name: str) -> None:
    tracks = parse_moov(moov(name))
    sound = "aonly" in name or name == "ff9-split/req003.body"
    video = [track for track in tracks if track.handler == "vide"]
    audio = [track for track in tracks if track.handler == "soun"]
    assert len(video) == (not sound)
    assert len(audio) == (not name.startswith("ff9-split") or sound)
    assert [track.track_id for track in tracks] == list(range(1, len(tracks) + 1))
    for track in tracks:
        assert track.timescale == (90000 if track in video and "90k" in name else 10_000_000)
        assert (track.width, track.height) == ((320, 180) if track in video else (0, 0))
        assert track.defaults == SampleDefaults()
        assert track.language == "und"
        assert len(track.sample_entry) == int.from_bytes(track.sample_entry[:4], "big")


def test_trex_is_found_by_track() -> None:
    trex = described(
        "trex",
        TREX,
        track_ID=7,
        default_sample_duration=1,
        default_sample_size=2,
        default_sample_flags=3,
    )
    mvex = box("mvex", trex)
    (other, track) = parse_moov(box("moov", trak(6), trak(7), mvex))
    assert track.defaults == SampleDefaults(1, 2, 3)
    assert other.defaults == SampleDefaults()
    assert (track.language, track.width, track.height) == ("eng", 640, 360)
    assert track.sample_entry == ENTRY


def test_a_sparse_track_needs_no_sample_entry() -> None:
    (track,) = parse_moov(box("moov", trak(handler="meta", entries=b"")))
    assert (track.handler, track.sample_entry) == ("meta", b"")


def test_a_language_of_no_letters_is_undetermined() -> None:
    data = box("moov", trak(language="eng")).replace(u32(0x15C70000), u32(0x7FFF0000))
    assert parse_moov(data)[0].language == "und"


@pytest.mark.parametrize(
    "data",
    [
        box("moov"),
        box("moov", *(trak(n + 1) for n in range(33))),
        box("moov", trak(1), trak(1)),
        box("moov", trak(0)),
        box("moov", trak(timescale=0)),
        box("moov", trak(entries=b"")),
        box("moof", trak()),
        box("moov", box("trak", box("tkhd", bytes(40)), trak()[8:])),
        *(
            box("moov", trak(without=kind))
            for kind in ("tkhd", "mdia", "mdhd", "hdlr", "minf", "stbl", "stsd")
        ),
    ],
)
@pytest.mark.threat("T11", "T36")
def test_a_header_without_meaning_is_refused(data: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        parse_moov(data)


def test_boxes_without_end_are_refused() -> None:
    with pytest.raises(BoxInvalid):
        parse_moov(box("moov", trak(), box("free") * 5000))
    with pytest.raises(BoxInvalid):
        parse_moov(box("moov", trak())[:-1])


def test_every_truncation_is_an_encoder_error() -> None:
    whole = box("moov", trak())
    for end in range(8, len(whole), 3):
        data = (end).to_bytes(4, "big") + whole[4:end]
        with pytest.raises(EncoderError):
            parse_moov(data)
