"""Ingest relay for live fragmented MP4.

Encoders POST fragmented MP4 to a publishing point (`/name.isml/Streams(id)`), usually two of them
the same programme. The relay names every fragment by its media time, keeps the first whole copy of
each, puts them in order on one timeline, and hands that timeline to the packagers (HLS, DASH,
Smooth) and to the relays upstream. Bytes flow one way through the rooms of this package; what
decides does no I/O.
"""
