"""The multivariant playlist (rfc8216bis 4.4.6): what there is to choose from.

The library writes it. It escapes nothing, so whatever a sender wrote is whitelisted before.

Tracks of one name and language are qualities of one thing (MS-SSTR: QualityLevels of a
StreamIndex). An audio group holds one quality of each, and every video is offered with every group:
so each variant says the codecs and the bandwidth of what would be played together. A second codec
is another encoding of the same things, in groups of its own: a player that cannot decode it passes
those variants by and keeps the others. All groups have the same members, of the same names and
flags (4.4.6.1.1); what a codec lacks is borrowed from the first one.

Texts are one group, which all variants share. Only what HLS knows is offered, WebVTT and IMSC in
fMP4, and no sparse track, which is no rendition but belongs to one.

A protected track whose key no playlist can name is left out (`packagers.protection`).

EXT-X-VERSION is that of the media playlists: a player that cannot read those need not fetch them.
EXT-X-START stands here, once for all renditions, and only where one could well begin elsewhere: in
a long window, whose beginning some players take for the start of the programme. What has ended is
played from there.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import m3u8

from packagers.hls.playlist import LONG, target_duration
from packagers.protection import hls_carries
from packagers.resource import codecs, language
from relay.media import Kind
from relay.presentation import Presentation, Rendition

_TEXTS = ("stpp", "wvtt")
_COMMON = "mp4a"


@dataclass(frozen=True, slots=True)
class _Member:
    """What is the same of a thing in all groups."""

    name: str
    language: str
    default: bool
    chosen: bool


def multivariant(presentation: Presentation) -> str:
    """The multivariant playlist; without a variant while there is nothing to play."""
    playlist = m3u8.M3U8()
    playlist.version = 6
    playlist.is_independent_segments = True
    playlist.is_variant = True
    if presentation.window >= LONG and not presentation.ended:
        playlist.start = m3u8.model.Start(-3.0 * target_duration(presentation.grid.D))
    videos, audios = _carried(presentation, Kind.VIDEO), _carried(presentation, Kind.AUDIO)
    texts = [text for text in presentation.of(Kind.TEXT) if _spoken(text)]
    groups = _groups(audios)
    alone = not groups or (not videos and len(groups[0]) == 1)
    members = _members(groups[0]) if groups else []
    for number, group in enumerate([] if alone else groups):
        for member, audio in zip(members, group, strict=True):
            playlist.add_media(_media("AUDIO", f"audio-{number}", member, audio))
    for member, text in zip(_members(texts), texts, strict=True):
        playlist.add_media(_media("SUBTITLES", "text", member, text))
    for number, group in enumerate(groups or [[]]):
        named = {"audio": "" if alone else f"audio-{number}", "subtitles": "text" if texts else ""}
        for rendition in videos or group[:1]:
            beside = [audio for audio in group if audio is not rendition]
            info = _info(rendition, beside, texts) | {k: v for k, v in named.items() if v}
            playlist.add_playlist(m3u8.Playlist(_uri(rendition), info, playlist.media, None))
    return str(playlist.dumps()).rstrip("\n") + "\n"


def _carried(presentation: Presentation, kind: Kind) -> list[Rendition]:
    return [r for r in presentation.of(kind) if hls_carries(r.track)]


def _groups(audios: Sequence[Rendition]) -> list[list[Rendition]]:
    """Of each codec, group n has the n-th best quality of each thing, or its last if it has fewer.

    A thing is the first, second .. of a language, by the order of its best quality.
    """
    codecs_of: dict[str, dict[tuple[str, str], list[Rendition]]] = {}
    for audio in audios:
        key = audio.track.key
        ladders = codecs_of.setdefault(_spoken(audio).split(".")[0] or _COMMON, {})
        ladders.setdefault((key.name, key.language), []).append(audio)
    # AAC first, since everybody can play it.
    things = [_things(codecs_of[codec]) for codec in sorted(codecs_of, key=_rank)]
    order = list(dict.fromkeys(thing for each in things for thing in each))
    groups: list[list[Rendition]] = []
    for each in things:
        for step in range(max(map(len, each.values()))):
            ladders_now = [next(o[t] for o in (each, *things) if t in o) for t in order]
            groups.append([ladder[min(step, len(ladder) - 1)] for ladder in ladders_now])
    return groups


def _rank(codec: str) -> tuple[bool, str]:
    return codec != _COMMON, codec


def _things(
    ladders: dict[tuple[str, str], list[Rendition]],
) -> dict[tuple[str, int], list[Rendition]]:
    things: dict[tuple[str, int], list[Rendition]] = {}
    for (_, spoken), ladder in ladders.items():
        place = sum(known == spoken for known, _ in things)
        things[spoken, place] = ladder
    return things


def _members(renditions: Sequence[Rendition]) -> list[_Member]:
    """Each with a NAME of its own; the name in the URL is never shared."""
    labels = [re.sub(r"[^A-Za-z0-9 ._-]", "_", r.track.key.name) for r in renditions]
    tags = [language(rendition) for rendition in renditions]
    told = [f"{label} {tag}" if tag else label for label, tag in zip(labels, tags, strict=True)]
    members = []
    for at, (rendition, label, tag) in enumerate(zip(renditions, labels, tags, strict=True)):
        unique = label and labels.count(label) == 1
        named = label if unique else told[at] if told.count(told[at]) == 1 else ""
        members.append(
            # A player chooses by language, so only the first of each may be chosen.
            _Member(named.strip() or rendition.name, tag, at == 0, tag not in tags[:at])
        )
    return members


def _media(kind: str, group: str, member: _Member, rendition: Rendition) -> m3u8.Media:
    text, channels = kind == "SUBTITLES", rendition.track.channels
    return m3u8.Media(
        uri=_uri(rendition),
        type=kind,
        group_id=group,
        language=member.language or None,
        name=member.name,
        default="YES" if member.default and not text else "NO",
        autoselect="YES" if member.chosen else "NO",
        forced="NO" if text else None,
        channels=str(channels) if channels else None,
    )


def _info(
    rendition: Rendition, beside: Iterable[Rendition], texts: Sequence[Rendition]
) -> dict[str, object]:
    """The attributes of a variant: `rendition`, one of `beside` and one of `texts`."""
    track, audios = rendition.track, list(beside)
    if track.key.kind is Kind.VIDEO:
        average = rendition.bandwidth + _most(audios)
    else:
        average = _most([rendition, *audios])
    average += _most(texts)
    info: dict[str, object] = {
        # What is declared is the mean; a tenth more is room for peaks and boxes.
        "bandwidth": max(1, -(-average * 11 // 10)),
        "average_bandwidth": average or None,
    }
    spoken = [_spoken(one) for one in (rendition, *audios, *texts)]
    if all(spoken):
        info["codecs"] = ",".join(dict.fromkeys(spoken))
    if track.width and track.height:
        info["resolution"] = f"{track.width}x{track.height}"
    if rendition.frame_rate:
        rate = rendition.frame_rate
        info["frame_rate"] = Decimal(rate.numerator) / Decimal(rate.denominator)
    return info


def _most(renditions: Iterable[Rendition]) -> int:
    return max((rendition.bandwidth for rendition in renditions), default=0)


def _spoken(rendition: Rendition) -> str:
    """The codec, "" when unknown; of a text also when it is none that HLS knows."""
    told, track = codecs(rendition), rendition.track
    if track.key.kind is not Kind.TEXT:
        return told
    told = told or track.sample_entry[4:8].decode("latin-1")
    return told if told.startswith(_TEXTS) and not track.parent else ""


def _uri(rendition: Rendition) -> str:
    return f"{rendition.name}/index.m3u8"
