"""Live server manifests: the shapes of real encoders, and what is refused before it is parsed."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.errors import ManifestInvalid
from relay.ingest.manifest import LONGEST, ManifestTrack, parse
from relay.media import Kind, TrackKey
from relay.mp4.smooth import LIVE_SERVER_MANIFEST, manifest_xml
from tests.mp4.recorded import boxes

ROOT = Path(__file__).parent.parent.parent
SMIL = "http://www.w3.org/2001/SMIL20/Language"


def params(**said: object) -> str:
    return "".join(f'<param name="{k}" value="{v}" valuetype="data"/>' for k, v in said.items())


def smil(*tracks: str, head: str = '<?xml version="1.0" encoding="utf-8"?>\n') -> str:
    inside = "".join(tracks)
    return f'{head}<smil xmlns="{SMIL}"><head/><body><switch>{inside}</switch></body></smil>'


def track(element: str = "video", bitrate: object = 100, **said: object) -> str:
    return f'<{element} systemBitrate="{bitrate}">{params(**({"trackID": 1} | said))}</{element}>'


VIDEO = ManifestTrack(1, TrackKey(Kind.VIDEO, "video", 100), None, "")


def test_what_ffmpeg_writes() -> None:
    (box,) = (b for b in boxes("ff9-av/req001.body") if b.uuid == LIVE_SERVER_MANIFEST)
    assert parse(manifest_xml(box.payload)) == (
        ManifestTrack(1, TrackKey(Kind.VIDEO, "video", 200_000), None, "", fourcc="H264"),
        ManifestTrack(2, TrackKey(Kind.AUDIO, "audio", 64_000), None, "", fourcc="AACL"),
    )


def test_what_a_push_encoder_with_one_track_per_stream_writes() -> None:
    text = smil(
        '<textstream src="subs.ismt" systemBitrate="1000" systemLanguage="eng">',
        params(trackID=3, trackName="textstream_eng", timescale=10_000_000, Subtype=""),
        "</textstream>",
    )
    key = TrackKey(Kind.TEXT, "textstream_eng", 1000, "eng")
    assert parse(text.encode()) == (ManifestTrack(3, key, 10_000_000, ""),)


def test_a_sparse_track_names_its_parent() -> None:
    said = params(
        trackID=5,
        trackName="cues",
        timescale=90_000,
        parentTrackName="video",
        manifestOutput="true",
        Subtype="DATA",
        Scheme="urn:scte:scte35:2013:bin",
    )
    (found,) = parse(smil(f'<textstream systemBitrate="0">{said}</textstream>').encode())
    key = TrackKey(Kind.TEXT, "cues", 0)
    assert found == ManifestTrack(5, key, 90_000, "video", output=True)


@pytest.mark.parametrize(("said", "output"), [("true", True), ("TRUE", True), ("false", False)])
def test_manifest_output_is_a_word(said: str, output: bool) -> None:
    text = f'<textstream trackID="5" trackName="cues" manifestOutput="{said}"/>'
    assert parse(smil(text).encode())[0].output is output


def test_values_are_attributes_or_params_in_any_case() -> None:
    attributes = '<video trackId="1" TRACKNAME="cam" SystemBitrate="7" systemLanguage="de"/>'
    inside = f"<video>{params(TrackID=1, trackname='cam', systemBitrate=7, SYSTEMLANGUAGE='de')}"
    expected = TrackKey(Kind.VIDEO, "cam", 7, "de")
    assert parse(smil(attributes).encode())[0].key == expected
    assert parse(smil(inside + "</video>").encode())[0].key == expected


def test_an_attribute_counts_before_a_param_unless_it_is_empty() -> None:
    assert parse(smil(track(bitrate=5, systemBitrate=6)).encode())[0].key.bitrate == 5
    assert parse(smil(track(bitrate="", systemBitrate=6)).encode())[0].key.bitrate == 6


@pytest.mark.requirement("AUDIO-2a")
def test_custom_attributes_belong_to_the_key() -> None:
    (found,) = parse(smil(track(x_role="main", a_b="1", Unknown="?")).encode())
    assert found.key.attributes == (("a_b", "1"), ("x_role", "main"))


class Written(NamedTuple):
    how: str
    data: bytes


PLAIN = smil(track())
BARE = smil(track(), head="")
LYING = smil(track(), head='<?xml version="1.0" encoding="utf-16"?>')
PREFIXED = (
    f'<s:smil xmlns:s="{SMIL}"><s:body><s:switch><s:video systemBitrate="100">'
    '<s:param name="trackID" value="1"/></s:video></s:switch></s:body></s:smil>'
)


@pytest.mark.parametrize(
    "written",
    [
        Written("utf-8", PLAIN.encode()),
        Written("utf-8 with a mark", PLAIN.encode("utf-8-sig")),
        Written("a declaration that lies", LYING.encode()),
        Written("utf-16 as the standard's example", LYING.encode("utf-16")),
        Written("utf-16 little-endian without a mark", LYING.encode("utf-16-le")),
        Written("utf-16 big-endian without a mark", LYING.encode("utf-16-be")),
        Written("utf-16 big-endian with a mark", ("\ufeff" + LYING).encode("utf-16-be")),
        Written("utf-16 that says utf-8", PLAIN.encode("utf-16-le")),
        Written("no declaration", BARE.encode()),
        Written("padded", PLAIN.encode() + bytes(7)),
        Written("utf-16, padded by an odd number", PLAIN.encode("utf-16-le") + bytes(3)),
        Written("white space around", f"\r\n  {PLAIN}\r\n".encode()),
        Written("a terminator after a line feed", PLAIN.encode() + b"\r\n\0"),
        Written("prefixed", PREFIXED.encode()),
        Written("no namespace", BARE.replace(f' xmlns="{SMIL}"', "").encode()),
        Written("comments", smil("<!-- one -->", track(), "<!-- two -->").encode()),
    ],
    ids=lambda written: written.how,
)
def test_encodings_and_spellings(written: Written) -> None:
    assert parse(written.data) == (VIDEO,)


@pytest.mark.parametrize(
    "name",
    [
        *("../../../tmp/x", "video/../audio", "..", ".", "a b", "a&#10;#EXT-X-ENDLIST", "-a", "é"),
        *("en&quot;&#10;#EXT-X-ENDLIST", "a" * 65, "a\\b", "a%2fb", "a:b"),
    ],
)
@pytest.mark.threat("T07", "T27")
def test_a_name_that_is_not_plain_is_refused(name: str) -> None:
    for said in ({"trackName": name}, {"parentTrackName": name}):
        with pytest.raises(ManifestInvalid) as caught:
            parse(smil(track(**said)).encode())
        assert caught.value.message.isascii()
        assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "wrong",
    [
        {"trackID": 0},
        {"trackID": ""},
        {"trackID": "-1"},
        {"trackID": 2**32},
        {"trackID": "٣"},
        {"bitrate": "1e6"},
        {"timescale": "9" * 11},
        {"systemLanguage": "en&quot;&#10;#X"},
        {"systemLanguage": "e" * 36},
    ],
)
@pytest.mark.threat("T27")
def test_values_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ManifestInvalid):
        parse(smil(track(**wrong)).encode())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tracks",
    [(), (track(), track("audio")), tuple(track(trackID=n) for n in range(1, 34)), ("<param/>",)],
    ids=["none", "one trackID twice", "33", "no element of a track"],
)
@pytest.mark.threat("T36")
def test_sets_of_tracks_that_are_refused(tracks: tuple[str, ...]) -> None:
    with pytest.raises(ManifestInvalid):
        parse(smil(*tracks).encode())


_UTF7 = "+ADwAIQ-DOCTYPE smil [+ADwAIQ-ENTITY a SYSTEM '/etc/passwd'+AD4]+AD4"
BOMBS = {
    "billion laughs": '<!DOCTYPE l [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><smil>&a9;</smil>",
    "quadratic": f'<!DOCTYPE l [<!ENTITY a "{"x" * 30_000}">]><smil>{"&a;" * 8_000}</smil>',
    "file": '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><smil>&a;</smil>',
    "parameter": '<!DOCTYPE s [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><smil/>',
    "external subset": '<!DOCTYPE smil SYSTEM "http://127.0.0.1:9/x.dtd"><smil/>',
    "harmless doctype": smil(track(), head="<!DOCTYPE smil>"),
    "cdata": smil(track(), "<![CDATA[x]]>"),
    "second declaration": smil(
        track(), head=f'<?xml version="1.0"?><?xml version="1.0" encoding="utf-7"?>{_UTF7}'
    ),
    "utf-7": smil(track(), head=f'<?xml version="1.0" encoding="utf-7"?>{_UTF7}'),
    "utf-7 behind a bracket": smil(
        track(), head=f'<?xml version="1.0" encoding="utf-7" a=">"?>{_UTF7}'
    ),
    "too long": smil(track(), " " * LONGEST),
    "deep": "<a>" * 2_000,
    "elements": "<smil>" + "<b/>" * 16_000,
    "attributes": "<smil " + " ".join(f'a{n}=""' for n in range(7_000)) + ">",
    "gzip": "\x1f\x8b\x08\0",
    "nothing": "",
    "zeros": "\0" * 100,
    "surrogate": "<smil>\ud800",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.threat("T13", "T14")
def test_bombs_are_refused_at_once(name: str) -> None:
    for encoding in ("utf-8", "utf-16-le"):
        data = BOMBS[name].encode(encoding, "surrogatepass")
        took = []
        for _ in range(3):
            began = time.process_time()
            with pytest.raises(ManifestInvalid):
                parse(data)
            took.append(time.process_time() - began)
        assert min(took) < 0.02


WATCHED = """
import sys
from relay.errors import ManifestInvalid
from relay.ingest.manifest import parse
from tests.ingest.test_manifest import BOMBS, PLAIN

parse(PLAIN.encode())
seen = []
sys.addaudithook(
    lambda event, arguments: seen.append((event, arguments))
    if event == "open" or event.startswith(("socket.", "urllib.", "os.", "subprocess."))
    else None
)
inclusion = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
parse(PLAIN.replace("</switch>", inclusion + "</switch>").encode())
for data in BOMBS.values():
    try:
        parse(data.encode("utf-8", "surrogatepass"))
    except ManifestInvalid:
        pass
print(seen)
open("/dev/null").close()
print(len(seen))
"""


@pytest.mark.threat("T13")
def test_no_manifest_opens_a_file_or_a_socket() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert ran.stdout == "[]\n1\n", ran.stderr


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@example(b"<\0")
@example(b"\xff\xfe\0")
def test_nothing_but_manifest_invalid_escapes(data: bytes) -> None:
    for given_data in (
        data,
        PLAIN.encode()[:200] + data,
        smil(track(trackName="a")).encode() + data,
    ):
        with suppress(ManifestInvalid):
            parse(given_data)


@given(st.integers(0, len(PLAIN) - 1), st.characters())
def test_a_character_changed(at: int, character: str) -> None:
    try:
        found = parse((PLAIN[:at] + character + PLAIN[at + 1 :]).encode("utf-8", "surrogatepass"))
    except ManifestInvalid:
        return
    assert len(found) == 1


@pytest.mark.threat("T14")
def test_a_crowd_of_attributes_is_refused() -> None:
    crowd = " ".join(f'a{at}="b"' for at in range(200))
    with pytest.raises(ManifestInvalid, match="attributes"):
        parse(f'<smil><body><video trackID="1" {crowd}/></body></smil>'.encode())
