"""What an operator is told of the view's news: a code word, a sentence, the facts for the log.

One line for a change, never for a fragment. What a sentence can mend, it says how.
"""

from dataclasses import dataclass, field

from relay.news import Changed, GridPinned, HeaderPinned, Holes, News, RunPinned
from relay.numbering import UTC_OPTION


@dataclass(frozen=True, slots=True)
class Bulletin:
    """`grave`: the operator should look. `facts`: what the log line carries beside the text."""

    code: str
    text: str
    grave: bool = False
    facts: dict[str, object] = field(default_factory=dict)


def bulletins(item: News) -> list[Bulletin]:
    """What is to be told of one piece of news; often nothing."""
    match item:
        case GridPinned(grid):
            facts: dict[str, object] = {
                "fragment_duration": str(grid.D),
                "learnt": grid.learnt,
                "epoch_locked": grid.locked,
                "local_timeline": bool(grid.epoch),
            }
            how = "learnt" if grid.learnt else "as configured"
            said = [Bulletin("GRID", f"fragments last {float(grid.D):g} s, {how}", facts=facts)]
            if grid.epoch:
                text = (
                    f"times begin at 0, not in 1970; with ffmpeg, stamp UTC: {UTC_OPTION}, and"
                    " reset the channel first"
                )
                said.append(Bulletin("LOCAL_TIMELINE", text))
            if not grid.locked:
                text = f"fragments begin {float(grid.phase):g} s off the grid that begins in 1970"
                said.append(Bulletin("NOT_EPOCH_LOCKED", text))
            return said
        case HeaderPinned(stream, header):
            tracks = [told.track.name for told in header.tracks]
            text = f"stream {stream} has its header: {', '.join(tracks)}"
            return [Bulletin("HEADER", text, facts={"stream": stream, "tracks": tracks})]
        case Holes(track, first, count):
            which = f"fragment {first}" if count == 1 else f"{count} fragments from {first} on"
            text = f"{track}: nobody delivered {which}"
            facts = {"track": track, "index": first, "count": count}
            return [Bulletin("TIMELINE_GAP", text, grave=True, facts=facts)]
        case RunPinned(run):
            text = (
                "an encoder's clock was restarted and a new run has begun; numbers go on from"
                f" {run.start} but agree with no other data centre any more: start encoders"
                f" with UTC times; with ffmpeg: {UTC_OPTION}"
            )
            facts = {"run": run.number, "start": run.start}
            return [Bulletin("TIMELINE_RUN", text, grave=True, facts=facts)]
        case Changed(change, _):
            text = (
                f"stream {change.stream} is configured otherwise from fragment {change.start} on:"
                " players get a new init segment and a discontinuity"
            )
            facts = {"stream": change.stream, "start": change.start}
            return [Bulletin("HEADER_CHANGED", text, grave=True, facts=facts)]
    return []
