"""DASH (ISO/IEC 23009-1, 5th edition): the MPD, a pure function of the presentation.

    MPD                                 document
    ├── ServiceDescription              how far behind the live edge to play
    ├── Period id="p0"                  period: one, and one more from each changed configuration on
    │   ├── EventStream                 what is signalled
    │   └── AdaptationSet               adaptation_set: video by codec; others by name, language
    │       ├── ContentProtection  Label  Accessibility  Role
    │       └── Representation          representation: id = the track's name
    │           └── SegmentTemplate     media, initialization, startNumber = first index
    │               └── SegmentTimeline S t d r; or @duration instead
    └── UTCTiming                       the relay's own clock

availabilityStartTime is 1970 and so is the first Period's start, but for a program's (`document`):
every time is UTC in ticks, equal in every data centre, and nothing is negative. Where an encoder's
settings changed, a Period begins, named after its first index, since a Representation has one init
segment; its presentationTimeOffset keeps the ticks what they are. A template per Representation,
because the names of initialization segments differ and so may the timelines: one quality may be a
segment ahead.

A clock that was restarted begins a new run, whose epoch makes its times rise above the last: so it
goes on in the same Period. The last segment of the old run is said to last until the new one, for
dash.js 5.2 asks for nothing more, and without an error, at a time that no S covers; nor when a new
Period takes the place of the one that it plays.

A hole keeps its S: players number segments by counting entries from startNumber (5.3.9.6.1), so a
hole that is left out would shift all that follow. And it can be fetched, as a fragment without
samples (`hole`): dash.js 5.2 and shaka 5.2 jump over that and play on, but a 404 for what the
timeline lists ends the one's playback for good and keeps the other asking. No player that was
tried knows FailoverContent, the standard's own word for it.

Of a long window most of the document is what it was a moment ago: the rows of the timelines are
kept (`packagers.timeline`), and the rest does not depend on how long the window is.
"""

from packagers.dash.document import MEDIA_TYPE, Timelines, document, mpd
from packagers.dash.hole import hole
from packagers.dash.representation import Form

__all__ = ["MEDIA_TYPE", "Form", "Timelines", "document", "hole", "mpd"]
