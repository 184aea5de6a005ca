from dataclasses import replace

from lxml import etree

from packagers import dash
from relay.media import Kind, Protection, Track, TrackKey
from relay.presentation import Presentation, Rendition, Window
from tests.packagers.presentations import audio, presentation, regular, rendition, video

NS = {"d": "urn:mpeg:dash:schema:mpd:2011", "c": "urn:mpeg:cenc:2013"}


def sets(p: Presentation) -> list[etree._Element]:
    found = etree.fromstring(dash.mpd(p)).xpath("//d:AdaptationSet", namespaces=NS)
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, etree._Element)]


def values(element: etree._Element, name: str) -> list[str]:
    found = element.xpath(f"d:{name}/@value", namespaces=NS)
    assert isinstance(found, list)
    return [str(value) for value in found]


def words(name: str, codecs: str, language: str = "und") -> Rendition:
    key = TrackKey(Kind.TEXT, name, 1000, language)
    track = Track(key, 1000, "subt", b"\0\0\0\x08stpp", codecs)
    return Rendition(track, Window(regular(track)), bandwidth=1000)


def test_what_one_may_choose_has_a_label() -> None:
    """Where there is but one, there is nothing to choose."""
    several = presentation(
        rendition(video()),
        rendition(audio("audio_eng", language="eng")),
        rendition(audio("audio_fra", language="fra")),
    )
    labels = [s.findtext("d:Label", namespaces=NS) for s in sets(several)]
    assert labels == [None, "audio_eng", "audio_fra"]
    one = presentation(rendition(video()), rendition(audio()))
    assert [s.findtext("d:Label", namespaces=NS) for s in sets(one)] == [None, None]


def test_a_label_is_printable() -> None:
    nasty = presentation(rendition(audio("a\x01<b>\ud800")), rendition(audio("b")))
    assert sets(nasty)[0].findtext("d:Label", namespaces=NS) == "a<b>"


def test_sound_that_describes_the_picture_is_told_from_other_sound() -> None:
    shown = presentation(rendition(audio("audio_eng")), rendition(audio("audio_eng_ad")))
    plain, described = sets(shown)
    assert values(plain, "Accessibility") == []
    assert values(described, "Accessibility") == ["1"]
    assert values(plain, "Role") == ["main"]
    assert values(described, "Role") == ["alternate"]


def test_text_has_sets_by_language_and_says_what_it_is_for() -> None:
    shown = presentation(
        rendition(video()),
        words("subs", "stpp", "fra"),
        words("subs_cc", "wvtt", "eng"),
        words("data", ""),
    )
    _, subtitles, captions = sets(shown)
    assert (subtitles.get("mimeType"), subtitles.get("contentType")) == ("application/mp4", "text")
    assert (subtitles.get("lang"), captions.get("lang")) == ("fra", "eng")
    assert values(subtitles, "Role") == ["main", "subtitle"]
    assert values(captions, "Role") == ["alternate", "caption"]
    codecs = [
        s.xpath("string(d:Representation/@codecs)", namespaces=NS) for s in (subtitles, captions)
    ]
    assert codecs == ["stpp", "wvtt"]


def test_what_is_encrypted_stands_apart_and_says_how() -> None:
    system = bytes.fromhex("00000024") + b"pssh" + bytes(4) + bytes(range(16)) + b"\0\0\0\4data"
    hidden = replace(video(bitrate=900_000), protection=Protection("cenc", bytes(16), (system,)))
    _, other = sets(presentation(rendition(video()), rendition(hidden)))
    first, second = other.findall("d:ContentProtection", namespaces=NS)
    assert (first.get("value"), first.get(f"{{{NS['c']}}}default_KID")) == (
        "cenc",
        "00000000-0000-0000-0000-000000000000",
    )
    assert second.get("schemeIdUri") == "urn:uuid:00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert second.findtext("c:pssh", namespaces=NS)
