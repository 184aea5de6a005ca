"""What has to be done so that other settings hold: a function of what runs and of what is wanted.

Everything that a running channel can take, it takes while its POSTs go on. What its numbers rest on
it cannot: that stays as it is until the channel is started again, and is said by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relay.config.config import ChannelTable, Config

LIVE = frozenset(
    {
        "cue_tags",
        "dvr_window",
        "fail_over",
        "on_rewind",
        "patience",
        "peer",
        "playback_token_file",
        "prefer",
        "sources",
        "tracks",
        "upstreams",
    }
)
"""Settings of a channel that it takes while it runs."""

Tables = Mapping[str, ChannelTable]


@dataclass(frozen=True, slots=True)
class Change:
    """A channel that goes on with other settings: `table`, as it is to run from now on.

    `taken`, `later`: paths of the settings that hold now, and that wait for its next start.
    """

    name: str
    table: ChannelTable
    taken: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be done."""

    added: Tables
    removed: tuple[str, ...]
    changed: tuple[Change, ...]


def plan(running: Tables, wanted: Tables) -> Plan:
    """What turns the channels that run into those that are wanted."""
    both = [name for name in wanted if name in running]
    changes = (change(name, running[name], wanted[name]) for name in both)
    return Plan(
        {name: table for name, table in wanted.items() if name not in running},
        tuple(name for name in running if name not in wanted),
        tuple(each for each in changes if each.taken or each.later),
    )


def change(name: str, running: ChannelTable, wanted: ChannelTable) -> Change:
    """What of the wanted settings a channel can take now."""
    taken = {key: value for key, value in wanted if key in LIVE}
    paths = list(unlike(running, wanted))
    return Change(
        name,
        running.model_copy(update=taken),
        tuple(path for path in paths if path.partition(".")[0] in LIVE),
        tuple(path for path in paths if path.partition(".")[0] not in LIVE),
    )


def unlike(one: ChannelTable, other: ChannelTable) -> Iterator[str]:
    """Paths of the settings that differ: `patience`, `upstreams.eu`."""
    mine, theirs = dict(one), dict(other)
    for key in type(one).model_fields:
        if mine[key] == theirs[key]:
            continue
        if key in ("sources", "upstreams"):
            yield from (f"{key}.{name}" for name in _unlike(mine[key], theirs[key]))
        else:
            yield key


def fixed(one: Config, other: Config) -> list[str]:
    """Settings of the relay itself that differ: they wait for its next start."""
    return [
        f"{section}.{key}"
        for section in type(one).model_fields
        if section != "channels"
        for key in _unlike(dict(getattr(one, section)), dict(getattr(other, section)))
    ]


def _unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*one, *other])
    return [name for name in names if one.get(name) != other.get(name)]
