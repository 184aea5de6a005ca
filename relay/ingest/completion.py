"""A header without a codec configuration waits for the parameter sets in its first samples.

Boxes in, boxes out, between the reader and the grammar: usually the very box that came. Only when
the moov leaves the avcC or hvcC of a track empty are it and what follows held, until the track's
first sample brings its parameter sets; then the moov goes on with the configuration in it, as the
encoder should have sent it, so that the stream is playable and its stored header complete. What is
held is bounded; beyond that the moov goes on as it came, and is refused with the encoder's remedy.
"""

from relay.errors import EncoderError
from relay.mp4 import iso, parameters
from relay.mp4.reader import Box

MOST_HELD = 64
MOST_BYTES = 16 << 20


class Completion:
    """One POST's filter."""

    def __init__(self) -> None:
        self._held: list[Box] = []
        self._size = 0
        self._lacking: dict[int, str] = {}

    def take(self, box: Box) -> list[Box]:
        """One box came; the boxes that may go on."""
        if box.type == "moov" and not self._held:
            self._lacking = {
                track.track_id: kind
                for track in iso.parse_moov(box.data)
                if (kind := parameters.missing(track.sample_entry))
            }
        if not self._lacking:
            return [box]
        self._held.append(box)
        self._size += len(box.data)
        if box.type == "mdat" and len(self._held) > 1:
            self._look(self._held[-2], box)
        if not self._lacking or len(self._held) > MOST_HELD or self._size > MOST_BYTES:
            return self.end()
        return []

    def end(self) -> list[Box]:
        """The body is over: what is still held goes on as it is."""
        held, self._held, self._size = self._held, [], 0
        self._lacking.clear()
        return held

    def _look(self, moof: Box, mdat: Box) -> None:
        try:
            fragments = iso.separate(moof.data, mdat.data, {})
        except EncoderError:
            return  # the grammar will say what is wrong with it
        for track_id, meaning, data in fragments:
            if track_id in self._lacking and meaning.samples.count:
                media = iso.media_data(b"".join(data[1:]))
                kind = self._lacking[track_id]
                record = parameters.record(kind, media[: meaning.samples.sizes[0]])
                if record:
                    moov = self._held[0]
                    completed = parameters.configured(moov.data, track_id, kind, record)
                    self._held[0] = Box("moov", completed, 8)
                    del self._lacking[track_id]
