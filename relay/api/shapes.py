"""What the API takes and gives, as plain shapes; what they mean stands in the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from relay.programs import LONGEST, SHORTEST


def _whole(value: object) -> object:
    """In JSON 60.0 is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Source = Annotated[str, Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9._:%-]{0,127}$")]
"""As in the configuration, or the address and place that it has without one."""


class Said(BaseModel):
    """A body: no member that means nothing, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Said):
    """Nothing to say: `{}`. It is JSON, so that a browser sends it for no other site's page."""


class Resetting(Said):
    """How a channel is reset."""

    join: bool = Field(default=False, description="go on with the timeline of its peer")


class Preferring(Said):
    """Whose copies are taken while it delivers."""

    source: Source | None = Field(description="a source; null: of none in particular")


class Recording(Said):
    """A program to begin."""

    window: Annotated[int, Field(ge=SHORTEST, le=LONGEST), BeforeValidator(_whole)] | None = Field(
        default=None, description="seconds that it keeps; null: all"
    )


class Channel(BaseModel):
    """A channel at a glance."""

    name: str
    state: Literal["running", "stopped", "failed"]
    protection: Literal["PROTECTED", "EXPOSED", "DOWN"] = Field(
        description="every track from two sources, some from one only, or nothing comes"
    )
    origin: Literal["file", "api"] = Field(description="who says that there is this channel")
    differs: list[str] = Field(
        description="settings changed by the API, unlike the file: they hold until the next reload"
    )
    waiting: list[str] = Field(description="settings that hold from its next start on")
    sources: list[str] = Field(description="those that have delivered")
    upstreams: dict[str, str] = Field(description="the state of each")
    programs: list[str]


class Channels(BaseModel):
    """All channels."""

    channels: list[Channel]


class Detail(Channel):
    """A channel with its settings."""

    settings: dict[str, Any] = Field(
        description="what was said of it; the query of a URL is masked, the rest are defaults"
    )


class Changed(BaseModel):
    """What became of new settings."""

    channel: str
    created: bool
    taken: list[str] = Field(description="settings that hold now, while its POSTs go on")
    waiting: list[str] = Field(description="settings that hold from its next start on")
    kept: bool = Field(description="it holds after a restart of the relay too")


class Done(BaseModel):
    """A channel after what was done to it."""

    channel: str
    state: Literal["running", "stopped", "removed"]
    kept: bool = Field(description="it holds after a restart of the relay too")


class WasReset(BaseModel):
    """A channel that begins anew."""

    channel: str
    reset: Literal[True] = True


class Preferred(BaseModel):
    """Whose copies are taken."""

    channel: str
    preferred: str | None
    known: bool = Field(description="it has delivered already")


class TrackCopy(BaseModel):
    """What one source delivers of a track."""

    source: str
    healthy: bool
    state: str = Field(description='"well", or what is wrong with its newest copy')
    words: list[str] = Field(description="what else is wrong with its copies now")
    bitrate: int | None = Field(description="measured, bit/s")
    last: int | None = Field(description="arrival of its newest copy, ms since 1970")


class TrackHealth(BaseModel):
    """A track."""

    name: str
    codecs: str
    bitrate: int = Field(description="bit/s")
    healthy: bool
    gaps: int = Field(description="fragments that nobody delivered")
    first: int | None = Field(description="number of the first segment in the window")
    last: int | None = Field(description="number of the newest segment")
    sources: list[TrackCopy]


class Health(BaseModel):
    """How a channel is, as Azure Media Services told it."""

    status: Literal["healthy", "impaired", "down", "stopped"]
    descriptions: list[str] = Field(description="sentences; one that says so when all is well")
    tracks: list[TrackHealth]


class Disconnected(BaseModel):
    """A source whose POSTs end."""

    channel: str
    source: str
    posts: int = Field(description="how many")


class Upstream(BaseModel):
    """Where a channel is forwarded to, and how that goes."""

    name: str
    state: str = Field(
        description="streaming, catching_up, connecting, probing, retrying, refused, paused or"
        " standby"
    )
    reason: str = Field(description="what went wrong last, in words")
    holder: str = Field(
        description='the relay of the cluster that sends to it; "": not known, or no cluster'
    )
    sent: int = Field(description="fragments that it has acknowledged")
    lost: int = Field(description="fragments that left the window before they could go up")
    retries: int = Field(description="attempts that failed")
    backlog: int = Field(description="fragments left to send")
    seconds: float = Field(description="the same, on the track that has most")
    again: int = Field(description="when it is tried again, ms since 1970; 0: it does not wait")


class Upstreams(BaseModel):
    """All upstreams of a channel."""

    upstreams: list[Upstream]


class Program(BaseModel):
    """A part of a channel that stays, under URLs of its own."""

    name: str
    path: str = Field(description="where it is played, on the port of players")
    state: Literal["running", "ended"]
    seconds: float = Field(description="of media that it has")


class Programs(BaseModel):
    """All programs of a channel."""

    programs: list[Program]


class Alarm(BaseModel):
    """Something that was not as it should be, from its beginning to its end."""

    id: int
    code: str = Field(description="the code word: the same in log and documentation")
    channel: str = Field(description='"" for the relay itself')
    subject: str
    sentence: str
    measured: str = Field(description="the figure, with its unit")
    configured: str = Field(description="what it is held against")
    grave: bool = Field(description="the operator should look")
    since: int = Field(description="ms since 1970")
    until: int | None = Field(description="the same; null while it lasts")
    acknowledged: int | None = Field(description="the same; null while nobody has seen it")


class Deleted(BaseModel):
    """What is gone."""

    deleted: str


class ChannelChange(BaseModel):
    """A channel that goes on with other settings."""

    channel: str
    taken: list[str]
    waiting: list[str]


class Reloaded(BaseModel):
    """What the file, read anew, came to."""

    added: list[str]
    removed: list[str]
    changed: list[ChannelChange]
    waiting: list[str] = Field(description="settings of the relay that hold from its next start on")
    failed: dict[str, str] = Field(description="why a channel could not be opened or closed")
