import re
from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest

from packagers import hls
from relay.media import Kind, Track, TrackKey
from relay.presentation import Rendition
from tests.packagers.presentations import audio, presentation, rendition, video
from tests.packagers.strict_hls import Strict

VIDEO_LOW = rendition(video(bitrate=500_000, width=640, height=360))
VIDEO = rendition(video())
AUDIO = rendition(audio())
AUDIO_LOW = rendition(audio(bitrate=64_000))
FRENCH = rendition(audio("audio_fra", language="fra"))

PRESENTATIONS = {
    "both": presentation(VIDEO_LOW, VIDEO, AUDIO),
    "video only": presentation(VIDEO_LOW, VIDEO),
    "audio only": presentation(AUDIO),
    "audio qualities": presentation(AUDIO_LOW, AUDIO),
    "audio languages": presentation(AUDIO, FRENCH),
    "two languages, one in two qualities": presentation(VIDEO, AUDIO_LOW, AUDIO, FRENCH),
    "no bitrate declared": presentation(rendition(video(bitrate=0)), rendition(audio(bitrate=0))),
    "odd rate": presentation(rendition(video(), frame_rate=Fraction(60_000, 1001)), AUDIO),
    "codec unknown": presentation(rendition(video(codecs="")), AUDIO),
}


def test_strict_parsers_accept_every_playlist(strict: Strict) -> None:
    texts = [hls.multivariant(p) for p in PRESENTATIONS.values()]
    for text, read in zip(texts, strict(texts), strict=True):
        assert "error" not in read, f"{read}\n{text}"
        m3u8.M3U8(text, strict=True)


def test_the_strict_parser_does_refuse(strict: Strict) -> None:
    good = hls.multivariant(PRESENTATIONS["both"])
    assert "error" in strict([good.replace('GROUP-ID="audio-0"', 'GROUP-ID="x"')])[0]


def test_every_video_comes_with_the_audio_group(strict: Strict) -> None:
    (read,) = strict([hls.multivariant(PRESENTATIONS["both"])])
    assert read["version"] == 6
    assert [v["uri"] for v in read["variants"]] == [
        "video-2000000/index.m3u8",
        "video-500000/index.m3u8",
    ]
    best = read["variants"][0]
    assert best["codecs"] == "avc1.64001f,mp4a.40.2"
    assert best["resolution"] == [1280, 720]
    assert best["frameRate"] == 25
    assert best["bandwidth"] == 2_128_000 * 11 // 10
    for variant in read["variants"]:
        assert variant["audio"] == [
            {
                "uri": "audio-128000/index.m3u8",
                "name": "audio",
                "group": "audio-0",
                "language": None,
                "default": True,
                "autoselect": True,
                "channels": "2",
            }
        ]


def test_a_group_holds_one_quality_of_each_audio(strict: Strict) -> None:
    (read,) = strict([hls.multivariant(PRESENTATIONS["two languages, one in two qualities"])])
    groups = [{a["uri"].split("/")[0] for a in v["audio"]} for v in read["variants"]]
    assert groups == [
        {"audio-128000", "audio_fra-128000"},
        {"audio-64000", "audio_fra-128000"},
    ]
    languages = {a["name"]: a["language"] for a in read["variants"][0]["audio"]}
    assert languages == {"audio": None, "audio_fra": "fra"}
    assert [a["default"] for a in read["variants"][0]["audio"]] == [True, False]


def test_a_player_that_chooses_by_language_finds_one_of_each(strict: Strict) -> None:
    comment = rendition(audio("comment", bitrate=96_000, language="fra"))
    (read,) = strict([hls.multivariant(presentation(VIDEO, AUDIO, FRENCH, comment))])
    chosen = {a["name"]: a["autoselect"] for a in read["variants"][0]["audio"]}
    assert chosen == {"audio": True, "audio_fra": True, "comment": False}


def test_audio_alone_is_a_variant_for_each_quality_and_a_group_for_languages(
    strict: Strict,
) -> None:
    qualities, languages = strict(
        [
            hls.multivariant(PRESENTATIONS["audio qualities"]),
            hls.multivariant(PRESENTATIONS["audio languages"]),
        ]
    )
    assert [(v["uri"], v["bandwidth"], v["audio"]) for v in qualities["variants"]] == [
        ("audio-128000/index.m3u8", 140_800, []),
        ("audio-64000/index.m3u8", 70_400, []),
    ]
    (variant,) = languages["variants"]
    assert variant["codecs"] == "mp4a.40.2"
    assert [a["language"] for a in variant["audio"]] == [None, "fra"]


def test_video_alone_names_no_group() -> None:
    text = hls.multivariant(PRESENTATIONS["video only"])
    assert "AUDIO" not in text
    assert 'CODECS="avc1.64001f"' in text
    assert text.count("#EXT-X-STREAM-INF") == 2


def test_an_unknown_codec_leaves_codecs_out() -> None:
    assert "CODECS" not in hls.multivariant(PRESENTATIONS["codec unknown"])


def test_a_rate_of_ntsc_has_three_decimals() -> None:
    assert "FRAME-RATE=59.94," in hls.multivariant(PRESENTATIONS["odd rate"])


def test_an_unknown_bitrate_is_still_a_bandwidth() -> None:
    # The attribute is REQUIRED (4.3.4.2); 0 divides badly.
    text = hls.multivariant(PRESENTATIONS["no bitrate declared"])
    assert text.count("BANDWIDTH=1,") == 1
    assert "AVERAGE" not in text


NASTY = [
    'x"\n#EXT-X-ENDLIST',
    "a,b=c",
    "\x01\x00",
    "]]>&<",
    "é́",
    '",URI="http://evil.example/x.m3u8',
    "",
]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.threat("T27")
def test_what_a_sender_wrote_cannot_add_a_line_or_an_attribute(name: str, strict: Strict) -> None:
    nasty = rendition(audio(name, language=name or "und", codecs=name))
    tame = rendition(audio("audio_b"))
    text = hls.multivariant(presentation(VIDEO, nasty, tame))
    plain = hls.multivariant(presentation(VIDEO, rendition(audio("audio_a")), tame))
    assert len(text.splitlines()) == len(plain.splitlines())
    (read,) = strict([text])
    assert "error" not in read
    assert {a["uri"] for a in read["variants"][0]["audio"]} == {
        f"{nasty.name}/index.m3u8",
        "audio_b-128000/index.m3u8",
    }
    assert re.fullmatch(r"[ -~\n]*", text)
    media = hls.media(presentation(nasty), nasty).text
    assert media.count("#EXT-X-ENDLIST") == 0


def test_equal_names_in_a_group_are_told_apart(strict: Strict) -> None:
    # Two names that differ only in what is not allowed.
    p = presentation(VIDEO, rendition(audio("a/b")), rendition(audio("a\\b")))
    (read,) = strict([hls.multivariant(p)])
    names = [a["name"] for a in read["variants"][0]["audio"]]
    assert len(set(names)) == 2


def text(
    name: str = "subs",
    codecs: str = "stpp.ttml.im1t",
    entry: bytes = b"stpp",
    language: str = "eng",
    parent: str = "",
) -> Rendition:
    key = TrackKey(Kind.TEXT, name, 2_000, language)
    sample_entry = (8).to_bytes(4, "big") + entry
    return rendition(Track(key, 1000, "subt", sample_entry, codecs, parent=parent))


TEXTS = {
    "texts": presentation(VIDEO, AUDIO, text(), text("subs_fra", language="fra")),
    "text by its entry": presentation(VIDEO, text("a", "", b"wvtt")),
    "text and audio": presentation(AUDIO, text()),
}


def test_texts_are_a_group_of_subtitles(strict: Strict) -> None:
    read = dict(zip(TEXTS, strict([hls.multivariant(p) for p in TEXTS.values()]), strict=True))
    (variant,) = read["texts"]["variants"]
    assert variant["codecs"] == "avc1.64001f,mp4a.40.2,stpp.ttml.im1t"
    assert [(t["uri"], t["name"], t["language"]) for t in variant["subtitles"]] == [
        ("subs-2000-eng/index.m3u8", "subs", "eng"),
        ("subs_fra-2000/index.m3u8", "subs_fra", "fra"),
    ]
    assert all(t["autoselect"] and not t["default"] for t in variant["subtitles"])
    assert variant["bandwidth"] == 2_130_000 * 11 // 10
    (variant,) = read["text by its entry"]["variants"]
    assert variant["codecs"] == "avc1.64001f,wvtt"
    (variant,) = read["text and audio"]["variants"]
    assert (variant["uri"], variant["codecs"]) == (
        "audio-128000/index.m3u8",
        "mp4a.40.2,stpp.ttml.im1t",
    )


@pytest.mark.parametrize(
    "other", [text("a", "", b"urim"), text("a", "tx3g", b"tx3g"), text("a", parent="video")]
)
def test_a_text_that_hls_does_not_know_is_not_offered(other: Rendition) -> None:
    assert hls.multivariant(presentation(VIDEO, other)) == hls.multivariant(presentation(VIDEO))


def test_a_second_codec_has_groups_of_its_own(strict: Strict) -> None:
    """A player without it still has every language, and the names are the same in all groups."""
    surround = rendition(audio("surround", bitrate=640_000, codecs="ac-3", channels=6))
    low = [AUDIO_LOW, rendition(audio("audio_fra", bitrate=64_000, language="fra"))]
    (read,) = strict([hls.multivariant(presentation(VIDEO, AUDIO, FRENCH, *low, surround))])
    found = [(v["codecs"], [a["uri"].split("/")[0] for a in v["audio"]]) for v in read["variants"]]
    assert found == [
        ("avc1.64001f,mp4a.40.2", ["audio-128000", "audio_fra-128000"]),
        ("avc1.64001f,mp4a.40.2", ["audio-64000", "audio_fra-64000"]),
        ("avc1.64001f,ac-3,mp4a.40.2", ["surround-640000", "audio_fra-128000"]),
    ]
    said = [
        [(a["name"], a["language"], a["default"]) for a in v["audio"]] for v in read["variants"]
    ]
    assert said[0] == said[1] == said[2]


def test_names_match_between_groups(strict: Strict) -> None:
    """Two languages under one name, in two qualities each."""
    four = [rendition(audio("a", rate, language=tag)) for rate in (9, 5) for tag in ("eng", "fra")]
    (read,) = strict([hls.multivariant(presentation(VIDEO, *four))])
    names = [[a["name"] for a in v["audio"]] for v in read["variants"]]
    assert names == [["a eng", "a fra"]] * 2


def test_where_to_begin_is_said_of_a_long_window() -> None:
    p = PRESENTATIONS["both"]
    assert "EXT-X-START" not in hls.multivariant(p)
    long = hls.multivariant(replace(p, window=Fraction(600)))
    assert "\n#EXT-X-START:TIME-OFFSET=-6.0\n" in long
    m3u8.M3U8(long, strict=True)
    over = replace(p, window=Fraction(600), ended=True)
    assert "EXT-X-START" not in hls.multivariant(over)
