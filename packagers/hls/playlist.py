"""The media playlist of a rendition (rfc8216bis 4.4.3), whole or as a delta update (6.2.5.1).

EXT-X-MEDIA-SEQUENCE is the index. EXT-X-TARGETDURATION comes from D and never moves: a fragment is
whole from 7/8 of its cell on, so none that keeps to the grid is longer than 9/8 D, and EXTINF is
compared with it rounded to nearest (4.4.3.1). EXT-X-VERSION is what the tags in use ask for (8):

    6   EXT-X-MAP                       9   EXT-X-SKIP
    8   EXT-X-GAP, by older drafts     10   EXT-X-SKIP that also stands for EXT-X-DATERANGE

A long window offers delta updates: EXT-X-SERVER-CONTROL with CAN-SKIP-UNTIL, six target durations,
and HOLD-BACK, three, the least that is allowed. A delta leaves out the segments whose end is
further than the former from the end of the last, and is a function of the whole playlist alone: two
relays that would write one playlist write one delta. A short window does not offer it, since gzip
makes it as small, and some readers take the tag for low latency; HOLD-BACK is then what its absence
means (4.4.3.8). Where it is not offered, or leaves out nothing, `_HLS_skip` is ignored (6.2.5.1).
Reloads never block: a player waiting here for a segment would not learn that another relay has it.

Date ranges stand before the segments: they apply to the playlist. One is listed while its end has
not left the window; with `v2` those are left out that came before what a delta keeps, and those
are named that went as long ago as that.

What has ended says so (EXT-X-ENDLIST), and is never a delta: nobody asks again.

EXT-X-MAP is said again after EXT-X-SKIP: to a player that merges it says nothing new, but one that
builds only the new part (shaka 5.2) would have no init segment for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from packagers.hls import deflate
from packagers.hls.lines import Lines, follow, map_tag
from packagers.resource import entity_tag, line
from packagers.signals.daterange import Tag
from relay.media import Buffer
from relay.presentation import Presentation, Rendition

LONG = 600
"""Seconds of a window that is long: players are told where to begin, and may ask for deltas."""

SKIP_ALL = "v2"
"""The value of `_HLS_skip` that leaves out date ranges too; "YES": segments, "": nothing."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist: its first lines, and those of the segments unless they stand in `head` too."""

    head: bytes
    lines: Lines | None

    @property
    def body(self) -> tuple[Buffer, ...]:
        return (self.head,) if self.lines is None else self.lines.parts(self.head)

    @property
    def gzip(self) -> tuple[Buffer, ...]:
        """The body, as a gzip stream."""
        return (deflate.whole(self.head),) if self.lines is None else self.lines.gzip(self.head)

    @property
    def text(self) -> str:
        """The body, in one piece."""
        return b"".join(self.body).decode()

    @property
    def tag(self) -> str:
        """A strong validator, the same on every relay that has the same body."""
        if self.lines is None:
            return entity_tag(self.head)
        first, digest = self.lines.first, self.lines.digest
        return entity_tag(b"%b%d %d" % (self.head, first, digest))


def media(
    presentation: Presentation,
    rendition: Rendition,
    *,
    lines: Lines | None = None,
    skip: str = "",
    tags: Sequence[Tag] = (),
) -> Playlist:
    """The media playlist of a rendition that has a segment; `lines` are its own, if they are known.

    `skip`: the value of `_HLS_skip`. `tags`: date ranges, those too whose end has left the window
    as long ago as a delta reaches; a range may have several.
    """
    segments = line(rendition)
    first, newest = segments[0].index, segments[-1].index
    target = target_duration(presentation.grid.D)
    boundary = 6 * target
    kept = _kept(rendition, boundary)
    lasting = presentation.window >= LONG and not presentation.ended
    skipped = len(segments) - kept if lasting else 0
    delta = bool(skipped and skip)
    begins = rendition.seconds(segments[0].time) + presentation.epoch_of(segments[0].run)
    shown = [tag for tag in tags if tag.latest >= begins]
    fresh, recent = shown, ""
    if delta and skip == SKIP_ALL:
        fresh = [tag for tag in shown if tag.seen.get(rendition.name, -1) >= newest - kept]
        gone = dict.fromkeys(tag.id for tag in tags if begins - boundary <= tag.latest < begins)
        recent = ',RECENTLY-REMOVED-DATERANGES="' + "\t".join(gone) + '"'
    before = rendition.segments[: len(rendition.segments) - len(segments)]
    passed = rendition.discontinuities + sum(segment.discontinuity for segment in before)
    lines = lines or follow(None, presentation, rendition)
    head = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_version(lines, delta=delta, ranges=len(fresh) < len(shown))}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f"#EXT-X-TARGETDURATION:{target}",
        # Also when it is 0: Chromium's own player never asks again for one that does not say it.
        f"#EXT-X-MEDIA-SEQUENCE:{first}",
    ]
    if skipped:
        dates = ",CAN-SKIP-DATERANGES=YES" if tags else ""
        control = f"CAN-SKIP-UNTIL={boundary}.0{dates},HOLD-BACK={3 * target}.0"
        head.insert(-1, f"#EXT-X-SERVER-CONTROL:{control}")
    if passed:
        head.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{passed}")
    if delta:
        head.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}{recent}")
    head += [tag.text for tag in fresh]
    if presentation.ended:
        head.append(map_tag(rendition.track_at(first)))
        whole = lines.parts("\n".join(head).encode())
        return Playlist(b"".join((*whole, b"#EXT-X-ENDLIST\n")), None)
    if not delta:
        head.append(map_tag(rendition.track_at(first)))
        return Playlist("\n".join(head).encode(), lines)
    tail = lines.tail(kept)
    said = b"#EXT-X-MAP:" in tail[: tail.index(b"#EXTINF:")]
    head.append("" if said else map_tag(rendition.track_at(newest + 1 - kept)))
    return Playlist("\n".join(head).encode() + tail, None)


def target_duration(fragment_duration: Fraction) -> int:
    """Seconds that no fragment on the grid exceeds once rounded."""
    return max(1, floor(fragment_duration * 9 / 8 + Fraction(1, 2)))


def _version(lines: Lines, *, delta: bool, ranges: bool) -> int:
    if delta:
        return 10 if ranges else 9
    return 8 if lines.gaps else 6


def _kept(rendition: Rendition, seconds: int) -> int:
    """How many segments at the end are not further than that from the end of the last."""
    segments, ticks = line(rendition), seconds * rendition.track.timescale
    count = 0
    while count < len(segments) and ticks > 0:
        count += 1
        ticks -= segments[-count].duration
    return count
