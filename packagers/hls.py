"""HLS (RFC 8216, and its second edition for EXT-X-GAP): playlists as pure functions.

The library writes the multivariant playlist and the head of a media playlist; segment lines are
text, for a window of two hours costs it 13 ms and us 5. It escapes nothing, so whatever a sender
wrote is whitelisted before.

EXT-X-MEDIA-SEQUENCE is the index. EXT-X-TARGETDURATION comes from D and never moves: a fragment is
whole from 7/8 of its cell on, so none that keeps to the grid is longer than 9/8 D, and EXTINF is
compared with it rounded to nearest (4.3.3.1). Every EXTINF is the difference of two absolute times,
each rounded to a microsecond: so their sum never drifts, and a segment's line never changes,
whatever playlist it stands in. Each segment has its date; a hole keeps its number, as EXT-X-GAP.

Tracks of one name and language are qualities of one thing (MS-SSTR: QualityLevels of a
StreamIndex). An audio group holds one quality of each.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor

import m3u8

from packagers import cmaf
from packagers.resource import codecs, language, line
from relay.media import Kind
from relay.presentation import Presentation, Rendition, Segment

MEDIA_TYPE = "application/vnd.apple.mpegurl"

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def multivariant(presentation: Presentation) -> str:
    """The multivariant playlist; without a variant while there is nothing to play."""
    playlist = m3u8.M3U8()
    playlist.version = 7
    playlist.is_independent_segments = True
    playlist.is_variant = True
    videos, audios = presentation.of(Kind.VIDEO), presentation.of(Kind.AUDIO)
    groups = _groups(audios)
    alone = not groups or (not videos and len(groups[0]) == 1)
    for number, group in enumerate(groups or [[]]):
        name = "" if alone else f"audio-{number}"
        for media in [] if alone else _media(name, group):
            playlist.add_media(media)
        for rendition in videos or group[:1]:
            _add_variant(playlist, rendition, group, name)
    return str(playlist.dumps()).rstrip("\n") + "\n"


def media(presentation: Presentation, rendition: Rendition) -> str:
    """The media playlist of a rendition. It has a segment."""
    segments = line(rendition)
    left = rendition.segments[: len(rendition.segments) - len(segments)]
    playlist = m3u8.M3U8()
    playlist.version = 8 if any(segment.gap for segment in segments) else 7
    playlist.is_independent_segments = True
    playlist.target_duration = target_duration(presentation.grid.D)
    playlist.media_sequence = segments[0].index
    playlist.discontinuity_sequence = rendition.discontinuities + sum(
        segment.discontinuity for segment in left
    )
    first = segments[0].index
    init = m3u8.model.InitializationSection(None, cmaf.init_name(rendition.track_at(first)))
    inits = {
        stop: f'#EXT-X-MAP:URI="{cmaf.init_name(rendition.track_at(stop))}"\n'
        for stop, _ in rendition.former
        if stop > first
    }
    lines = _lines(segments, rendition.track.timescale, presentation.epoch_of, inits)
    # The library leaves out a 0. It is the default, and yet Chromium's own player never asks again
    # for a playlist that does not say it.
    zero = "" if playlist.media_sequence else "#EXT-X-MEDIA-SEQUENCE:0\n"
    return f"{playlist.dumps().rstrip()}\n{zero}{init}\n{lines}"


def target_duration(fragment_duration: Fraction) -> int:
    """Seconds that no fragment on the grid exceeds once rounded."""
    return max(1, floor(fragment_duration * 9 / 8 + Fraction(1, 2)))


def _lines(
    segments: Sequence[Segment],
    timescale: int,
    epoch_of: Callable[[int], int],
    inits: Mapping[int, str],
) -> str:
    """`inits`: what else than the first init segment belongs to the segments from an index on."""
    half = timescale // 2
    lines = []
    for segment in segments:
        shift = epoch_of(segment.run) * timescale
        # Integers all the way: microseconds since 1970, rounded to nearest.
        start = ((segment.time + shift) * 1_000_000 + half) // timescale
        end = ((segment.end + shift) * 1_000_000 + half) // timescale
        seconds, micros = divmod(end - start, 1_000_000)
        broken = "#EXT-X-DISCONTINUITY\n" if segment.discontinuity else ""
        gap = "#EXT-X-GAP\n" if segment.gap else ""
        lines.append(
            f"{broken}{inits.get(segment.index, '')}#EXT-X-PROGRAM-DATE-TIME:{_date(start)}\n{gap}"
            f"#EXTINF:{seconds}.{micros:06d},\n{segment.index}.m4s\n"
        )
    return "".join(lines)


def _date(micros: int) -> str:
    # Milliseconds are what players read of it.
    minute, millis = divmod((micros + 500) // 1000, 60_000)
    return f"{_minute(minute)}{millis // 1000:02d}.{millis % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _minute(since_1970: int) -> str:
    """The date up to its seconds: the dear part, and thirty segments share it."""
    return f"{_1970 + timedelta(minutes=since_1970):%Y-%m-%dT%H:%M:}"


def _groups(audios: Sequence[Rendition]) -> list[list[Rendition]]:
    """Group n has the n-th best quality of each audio, or its last where it has fewer."""
    ladders: dict[tuple[str, str], list[Rendition]] = {}
    for audio in audios:
        ladders.setdefault((audio.track.key.name, audio.track.key.language), []).append(audio)
    steps = max((len(ladder) for ladder in ladders.values()), default=0)
    return [
        [ladder[min(step, len(ladder) - 1)] for ladder in ladders.values()] for step in range(steps)
    ]


def _media(group_id: str, group: Sequence[Rendition]) -> list[m3u8.Media]:
    # Equal names in a group are not allowed; the name in the URL is never shared.
    shown = [re.sub(r"[^A-Za-z0-9 ._-]", "_", audio.track.key.name) for audio in group]
    seen: set[str] = set()
    tags = []
    for audio, label in zip(group, shown, strict=True):
        tag = language(audio)
        tags.append(
            m3u8.Media(
                uri=_uri(audio),
                type="AUDIO",
                group_id=group_id,
                language=tag or None,
                name=label if label and shown.count(label) == 1 else audio.name,
                default="YES" if audio is group[0] else "NO",
                # A player chooses by language, so only the first of each may be chosen.
                autoselect="NO" if tag in seen else "YES",
                channels=str(audio.track.channels) if audio.track.channels else None,
            )
        )
        seen.add(tag)
    return tags


def _add_variant(
    playlist: m3u8.M3U8, rendition: Rendition, group: Sequence[Rendition], name: str
) -> None:
    """`rendition` with what plays beside it; `name` is the group's, "" if it is not named."""
    track = rendition.track
    together = [rendition, *(audio for audio in group if audio is not rendition)]
    average = max((audio.bandwidth for audio in group), default=0)
    if track.key.kind is Kind.VIDEO:
        average += rendition.bandwidth
    info: dict[str, object] = {
        # What is declared is the mean; a tenth more is room for peaks and boxes.
        "bandwidth": max(1, -(-average * 11 // 10)),
        "average_bandwidth": average or None,
        "audio": name or None,
    }
    spoken = [codecs(one) for one in together]
    if all(spoken):
        info["codecs"] = ",".join(dict.fromkeys(spoken))
    if track.width and track.height:
        info["resolution"] = f"{track.width}x{track.height}"
    if rendition.frame_rate:
        rate = rendition.frame_rate
        info["frame_rate"] = Decimal(rate.numerator) / Decimal(rate.denominator)
    playlist.add_playlist(m3u8.Playlist(_uri(rendition), info, playlist.media, None))


def _uri(rendition: Rendition) -> str:
    return f"{rendition.name}/index.m3u8"
