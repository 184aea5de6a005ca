"""Aliases of tracks: what one vendor names otherwise than another becomes one track.

The configuration says `{"audio_eng-128000": "audio-128000"}`: what the track would be called in
URLs, and what it shall be called. A header is rewritten at the door, before anybody has seen it, as
if the encoder had sent the other name; its bytes too, so that the pin in the store, what goes
upstream, and every replay say the same, whatever the configuration says by then.

A URL name is a function of the track's key (`TrackKey.url_name`). The way back exists for plain
names, `{trackName}-{systemBitrate}[-{language}]`; names with a suffix of six hexadecimal digits
stand for more than they show, and may be replaced but not aimed at. Sans-IO.
"""

import re
from collections.abc import Mapping

from relay.ingest import manifest
from relay.media import Header, Kind, TrackKey
from relay.mp4 import smooth
from relay.mp4.reader import Box
from relay.mp4.write import box

_PLAIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_]{0,63})-(?P<bitrate>0|[1-9][0-9]{0,9})"
    r"(?:-(?P<language>[A-Za-z]{2,3}(?:_[A-Za-z0-9]{2,8})*))?"
)
_KNOWN = re.compile(r"[A-Za-z0-9_-]{1,255}")
MOST = 128


def key_of(name: str, kind: Kind = Kind.VIDEO) -> TrackKey | None:
    """The key of which `name` is the URL name; None when there is more to it than the name shows.

    A bitrate of 0 is never all that there is to a name of audio or video.
    """
    found = _PLAIN.fullmatch(name)
    if found is None or (found["bitrate"] == "0" and kind is not Kind.TEXT):
        return None
    ending = re.search(r"_([a-z]{3})$", found["name"])
    said = found["language"]
    language = said.replace("_", "-") if said else ending[1] if ending else "und"
    key = TrackKey(kind, found["name"], int(found["bitrate"]), language)
    return key if key.url_name == name and key.bitrate < 2**32 else None


def fault(alias: Mapping[str, str]) -> str:
    """What is wrong with a table of aliases; "" when nothing is."""
    if len(alias) > MOST:
        return f"at most {MOST} aliases"
    for name, meant in alias.items():
        if not _KNOWN.fullmatch(name):
            return f'"{name}" is no name of a track in a URL'
        if key_of(meant) is None and key_of(meant, Kind.TEXT) is None:
            return f'"{meant}" must be a plain name, such as "audio-128000" or "audio-128000-eng"'
        if name == meant:
            return f'"{name}" is an alias of itself'
        if meant in alias:
            return f'"{meant}" is an alias too: say at once what "{name}" shall be'
    return ""


def renamed(manifest_box: Box, header: Header, alias: Mapping[str, str]) -> Box | None:
    """The live server manifest of a header, with the names that its tracks shall have.

    None: all are called as they shall be. Raises ManifestInvalid.
    """
    keys, follow = _keys(header, alias), _parents(alias)
    followed = {
        told.track.parent: follow[plain]
        for told in header.tracks
        if (plain := re.sub(r"[^A-Za-z0-9_]", "_", told.track.parent)) in follow
    }
    if not keys and not followed:
        return None
    said = manifest.renamed(smooth.manifest_xml(manifest_box.payload), keys, followed)
    data = box("uuid", smooth.LIVE_SERVER_MANIFEST, bytes(manifest_box.payload[:4]), said)
    return Box("uuid", data, 24, smooth.LIVE_SERVER_MANIFEST)


def _keys(header: Header, alias: Mapping[str, str]) -> dict[int, TrackKey]:
    """The keys that tracks of a header shall have, by track_ID: those that are to be renamed."""
    keys: dict[int, TrackKey] = {}
    for told in header.tracks:
        name = alias.get(told.track.name)
        key = None if name is None else key_of(name, told.track.key.kind)
        if key is not None:
            keys[told.track_id] = key
    return keys


def _parents(alias: Mapping[str, str]) -> dict[str, str]:
    """The trackNames that a sparse track's parentTrackName is to follow, where there is one way."""
    names: dict[str, set[str]] = {}
    for name, other in alias.items():
        names.setdefault(name.partition("-")[0], set()).add(other.partition("-")[0])
    return {name: next(iter(others)) for name, others in names.items() if len(others) == 1}
