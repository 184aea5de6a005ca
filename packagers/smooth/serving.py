"""What is at the Smooth URLs of a channel: the manifest here, fragments by `answer`.

A manifest is made once per presentation, when it is first asked for. The content of the events in
it comes from the store, and is kept while they are shown. There is none before it lists `SHORTEST`
fragments: dash.js takes the length of what it buffers from the first list that it sees, and with
three it never buffers anything. Of what has ended it buffers all that there is.
"""

from packagers.resource import Asked, Resource, What, entity_tag
from packagers.signals.hearing import NOTHING, Heard
from packagers.smooth import answer
from packagers.smooth import manifest as document
from packagers.smooth.fragment import event
from packagers.smooth.manifest import Events
from packagers.smooth.streams import LOOK_AHEAD, Shown, show
from packagers.timeline import Timeline
from relay.errors import EncoderError, NotYet
from relay.media import Copy
from relay.presentation import Presentation
from relay.store import Store

SHORTEST = 4
"""Fragments of a list, unless the window holds fewer."""


class Serving:
    """The Smooth resources of all channels. It keeps what one manifest has in common with the
    next: the rows of each stream and the content of events that are shown."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._manifests: dict[str, tuple[Presentation, Resource]] = {}
        self._timelines: dict[str, dict[tuple[str, int], Timeline]] = {}
        self._contents: dict[str, dict[tuple[str, Copy], bytes]] = {}

    async def resource(
        self, asked: Asked, presentation: Presentation, store: Store, heard: Heard = NOTHING
    ) -> Resource:
        """What is at a path of Smooth. `heard`: what is signalled in it. Raises PlayerError."""
        shown = self._shown.get(asked.channel)
        if shown is None or shown.presentation is not presentation:
            shown = self._shown[asked.channel] = show(presentation)
        if asked.fragment is not None:
            return await answer.fragment(asked.fragment, shown, store)
        if not _enough(shown):
            raise NotYet(f'"{asked.channel}" has nothing to play yet.', hint="Push to it.")
        known = self._manifests.get(asked.channel)
        if known is None or known[0] is not presentation:
            known = presentation, await self._manifest(asked.channel, shown, store, heard)
            self._manifests[asked.channel] = known
        return known[1]

    async def _manifest(self, channel: str, shown: Shown, store: Store, heard: Heard) -> Resource:
        presentation = shown.presentation
        events = await self._events(channel, shown, store, heard)
        before, kept = self._timelines.get(channel, {}), {}
        for stream in shown.media:
            scale = stream.track.timescale
            rows = before.get((stream.name, scale)) or document.timeline(scale)
            rows.follow(stream.segments, stream.start, stream.stop, presentation.epoch_of)
            kept[stream.name, scale] = rows
        self._timelines[channel] = kept
        timelines = {name: rows for (name, _), rows in kept.items()}
        parts, told = document.manifest(presentation, shown.media, shown.signals, events, timelines)
        half = round(presentation.grid.D / 2)
        return Resource(
            tuple(parts),
            document.MEDIA_TYPE,
            f"public, max-age={half}" if half else "no-cache",
            etag=entity_tag(told),
            path=What.SMOOTH.value,
            modified=int(presentation.updated),
        )

    async def _events(self, channel: str, shown: Shown, store: Store, heard: Heard) -> Events:
        """The events of the sparse streams that the lists have reached."""
        before, contents = self._contents.get(channel, {}), {}
        found: dict[str, list[tuple[int, int, bytes]]] = {}
        for signal in shown.signals:
            name = signal.track.name
            rows = found.setdefault(name, [])
            for copy in heard.events.get(name, ()):
                content = before.get((name, copy))
                if content is None:
                    data = await store.get(copy.track, copy.run, copy.index, copy.time)
                    content = _content(data)
                contents[name, copy] = content
                shift = shown.presentation.epoch_of(copy.run) * signal.track.timescale
                rows.append((max(0, copy.time + shift), copy.duration, content))
        self._contents[channel] = contents
        return found


def _enough(shown: Shown) -> bool:
    """There is something to play, and all that it takes to begin."""
    window, cell = shown.presentation.window, shown.presentation.grid.D
    least = min(SHORTEST, max(1, window // cell - LOOK_AHEAD))
    if shown.presentation.ended:
        least = 1
    return bool(shown.media) and all(s.stop - s.start >= least for s in shown.media)


def _content(data: bytes | None) -> bytes:
    """The content of a stored event; none if it is gone or damaged."""
    try:
        return event(data or b"")
    except EncoderError:
        return b""
