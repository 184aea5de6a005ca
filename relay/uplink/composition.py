"""Which streams a received stream goes up as (STREAM-2 to STREAM-4, AUDIO-4).

As it came; or each track in a stream of its own. In either case audio may go up twice: once more,
alone, in a stream whose id is the track's name and `-2`. A receiver that loses one of the two
connections, or the machine behind it, still gets the audio, which players miss most. What a
manifest keeps silent about and a receiver must be told is added (TIME-3, SPARSE-3).

All of it is a function of the header alone, so ids and headers are the same at every attempt, after
a restart, and on another relay of the channel.
"""

from relay.media import Header, Kind
from relay.uplink.singles import single_id, singles, stated


def composed(
    name: str, stream: str, header: Header, *, per_track: bool = False, audio_twice: bool = False
) -> dict[str, Header]:
    """The headers of what goes up for one header of the course `name` of `stream`, by course.

    Before the slash of a course's name stands the id of the stream that it goes up as. Raises
    EncoderError when the header cannot be taken apart.
    """
    header = stated(header)
    found = singles(stream, header) if per_track else {name: header}
    if audio_twice:
        alone = singles(stream, header, kind=Kind.AUDIO)
        for told in header.tracks:
            track = single_id(told.track.name)
            if track in alone and told.track.key.bitrate:
                found[single_id(f"{told.track.name}-2")] = alone[track]
    return found


def uncopied(header: Header) -> list[str]:
    """The audio that cannot go up twice: what has no bit rate is known by its stream (and what
    comes in another stream is another track)."""
    audio = (told.track for told in header.tracks if told.track.key.kind is Kind.AUDIO)
    return [track.name for track in audio if not track.key.bitrate]
