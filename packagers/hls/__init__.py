"""HLS (draft-pantos-hls-rfc8216bis, the second edition): playlists as pure functions.

variants   the multivariant playlist
playlist   the media playlist of a rendition, whole or as a delta update
lines      its segment lines, a value that is folded: what did not change costs nothing
deflate    one gzip stream of pieces that were compressed before
"""

from packagers.hls.lines import Lines, follow
from packagers.hls.playlist import Playlist, media, target_duration
from packagers.hls.variants import multivariant

__all__ = ["Lines", "Playlist", "follow", "media", "multivariant", "target_duration"]

MEDIA_TYPE = "application/vnd.apple.mpegurl"
