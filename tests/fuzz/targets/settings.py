"""The configuration file: whatever it says, it is read, or refused with every error."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from relay.config import load
from relay.config.sample import sample
from relay.errors import ConfigInvalid
from relay.ingest.url import NAME
from tests.fuzz.target import Target

FOLDER = Path(tempfile.gettempdir())


def _run(data: bytes) -> None:
    path = FOLDER / f"fuzz-settings-{os.getpid()}.toml"
    path.write_bytes(data)
    try:
        config = load(path)
    except ConfigInvalid as error:
        assert error.message
        return
    finally:
        path.unlink()
    for name, table in config.channels.items():
        assert NAME.fullmatch(name)
        assert "." not in name, "a channel that could be another one's program"
        for source in table.sources:
            assert NAME.fullmatch(source)
        for upstream in table.upstreams.values():
            assert re.match("(?i)https?://", upstream.url)
            assert upstream.url.isprintable()
            assert not re.search(r"[\s#]", upstream.url)
            assert urlsplit(upstream.url).username is None, "a password that a log would show"


def _seeds() -> Iterator[bytes]:
    yield sample().encode()
    yield re.sub("(?m)^# (.* = )", r"\1", sample()).encode()
    for path in sorted((Path(__file__).parent.parent.parent.parent / "conf").glob("*.toml")):
        yield path.read_bytes()
    yield (
        b'[channels.news]\nfragment_duration = "2002/1000"\n'
        b'[channels.news.upstreams.eu]\nurl = "https://eu.example/live/news.isml"\n'
    )


WORDS = (b"[channels.news]", b'"""', b"= true", b"[[", b"1979-05-27", b"0x7f", b"nan", b"\\u0000")
SETTINGS = Target("settings", _run, _seeds, WORDS, longest=8192)
