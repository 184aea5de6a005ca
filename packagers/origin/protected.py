"""Refuses what a format has no words for: documents that would name nothing but encrypted tracks.

DASH says all there is to say of any protected track. HLS knows two schemes, and wants to say where
the key comes from (`packagers.protection`); a Smooth manifest that is made here names no protected
track (`packagers.smooth.coding`). A protected track among others is left out; where nothing would
be left, the answer is 404 with the reason, and says who has it. The operator is told once for each
format of a channel, or track; each refusal is counted with the channel.
"""

from packagers.origin.failover import Channel
from packagers.protection import hls_carries
from packagers.resource import Asked, What
from relay.errors import Protected
from relay.media import Kind, Track

_FORMATS = {What.MULTIVARIANT: "HLS", What.PLAYLIST: "HLS", What.SMOOTH: "Smooth"}


class Protection:
    """What was refused before, so that it is told once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str]] = set()

    def check(self, asked: Asked, channel: Channel) -> None:
        """Raises Protected where the document that is asked for has no words for its tracks."""
        tracks = _tracks(asked, channel)
        if asked.what not in _FORMATS or not tracks or any(_said(asked, t) for t in tracks):
            return
        where, what = _FORMATS[asked.what], f'"{asked.track or asked.channel}"'
        key = (asked.channel, asked.track, where)
        if key not in self._told:
            self._told.add(key)
            text = f"players of {where} are refused: how {what} is encrypted, only DASH can say"
            channel.tell(Protected.code, text, grave=True)
        channel.refusals[Protected.code] += 1
        raise Protected(
            f"{what} is encrypted as {where} has no words for here.",
            hint=f"DASH has: /{asked.channel}.isml/manifest.mpd.",
        )


def _tracks(asked: Asked, channel: Channel) -> list[Track]:
    shown = channel.presentation
    playing = [*shown.of(Kind.VIDEO), *shown.of(Kind.AUDIO)]
    several = [*playing, *shown.of(Kind.TEXT)] if asked.track else playing
    return [r.track for r in several if asked.track in ("", r.name)]


def _said(asked: Asked, track: Track) -> bool:
    return track.protection is None if asked.what is What.SMOOTH else hls_carries(track)
