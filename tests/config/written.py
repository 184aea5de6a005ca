"""A configuration file that a test writes, and what the relay makes of it."""

from pathlib import Path

import pytest

from relay.config import Config, load
from relay.errors import ConfigInvalid

NEWS = "[channels.news]\n"


class Written:
    """A configuration file that a test writes and loads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, text: str) -> Config:
        self.path.write_text(text, "utf-8")
        return load(self.path)

    def refused(self, text: str) -> list[str]:
        with pytest.raises(ConfigInvalid) as caught:
            self.load(text)
        assert caught.value.exit_code == 78
        return caught.value.message.splitlines()
