"""How a channel is, in the shape that monitoring of Azure Media Services knew: a status, sentences,
and its tracks with what each source delivers of them. A function of `relay.monitor.health`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from relay.api.shapes import Health, TrackCopy, TrackHealth, Upstream
from relay.channel import Channel
from relay.diagnosis.protection import DOWN, PROTECTED
from relay.monitor.health import described
from relay.uplink.standing import Standing

WELL = "No issues with ingest."


def health(channel: Channel, utc: int) -> Health:
    """How it is now. `utc`: ms since 1970."""
    said = described(channel, utc)
    found = list(_sentences(channel, said))
    if channel.failed or said["protection"] == DOWN:
        return Health(status="down", descriptions=found, tracks=_tracks(said))
    status: Any = "impaired" if found else "healthy"
    return Health(status=status, descriptions=found or [WELL], tracks=_tracks(said))


def stands(name: str, standing: Standing) -> Upstream:
    """An upstream as the API shows it."""
    return Upstream.model_validate({"name": name, **asdict(standing)})


def _sentences(channel: Channel, said: Mapping[str, Any]) -> Iterator[str]:
    if channel.failed:
        yield "The channel has failed: see the relay's log, and start it again."
    if said["protection"] == DOWN:
        yield "Nobody delivers."
    elif said["protection"] != PROTECTED:
        yield "A track comes from one source only: losing it interrupts the channel."
    if said["degraded"]:
        yield said["degraded"]
    if said["unlike"]:
        yield f"Its peer numbers otherwise: {said['unlike']}"
    for warning in said["warnings"]:
        if warning["grave"]:
            yield warning["text"]
    for name, source in said["sources"].items():
        if not source["alive"] or not source["healthy"]:
            yield _of_source(name, source)
    for name, standing in said["upstreams"].items():
        if standing["failing"]:
            yield f"Upstream {name}: {standing['state']}, {standing['reason']}."


def _of_source(name: str, source: Mapping[str, Any]) -> str:
    if not source["alive"]:
        return f"{name} is silent."
    words = {str(word) for track in source["tracks"].values() for word in track["words"]}
    return f"{name}: {', '.join(sorted(words | {source['state']} - {'well'}))}."


def _tracks(said: Mapping[str, Any]) -> list[TrackHealth]:
    return [_track(track, said["sources"]) for track in said["tracks"]]


def _track(track: Mapping[str, Any], sources: Mapping[str, Any]) -> TrackHealth:
    copies = [
        TrackCopy(
            source=name,
            healthy=facts["healthy"] and source["alive"],
            state=facts["state"],
            words=[str(word) for word in facts["words"]],
            bitrate=facts["bitrate"],
            last=facts["last"],
        )
        for name, source in sources.items()
        if (facts := source["tracks"].get(track["name"])) is not None
    ]
    return TrackHealth(
        name=track["name"],
        codecs=track["codecs"],
        bitrate=track["bandwidth"],
        healthy=any(copy.healthy for copy in copies),
        gaps=track["gaps"],
        first=track["first"],
        last=track["last"],
        sources=copies,
    )
