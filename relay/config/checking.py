"""A configuration that can be used: what the file alone cannot tell is asked of this machine."""

from collections.abc import Mapping
from pathlib import Path

from relay.config.config import ChannelTable, Config, load
from relay.config.loops import loops
from relay.errors import ConfigInvalid


def checked(path: Path) -> Config:
    """The configuration of a file and the environment. Raises ConfigInvalid with every error."""
    config = load(path)
    found = circles(config.server.listen, config.channels)
    if found:
        raise ConfigInvalid("\n".join(f"{path}: {line}" for line in found))
    return config


def circles(listen: str, channels: Mapping[str, ChannelTable]) -> list[str]:
    """A line for each upstream that leads back to this relay. It asks for names, and may wait."""
    upstreams = {
        name: {to: said.url for to, said in table.upstreams.items()}
        for name, table in channels.items()
    }
    return loops(listen, upstreams)
