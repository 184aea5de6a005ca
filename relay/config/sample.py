"""The configuration as a file to begin with: what `relay init` prints, and conf/relay.toml is.

Nothing stands here that does not stand in the tables: keys, defaults, meanings, examples.
"""

import json
from pathlib import Path

from relay.config.config import ChannelTable, StoreTable
from relay.config.entrance import FrontEndTable, LimitsTable, ServerTable, TlsTable
from relay.config.tables import (
    ClockTable,
    ClusterTable,
    SourceTable,
    Table,
    TracksTable,
    UpstreamTable,
    WebhookTable,
)


def sample() -> str:
    """The complete configuration with its defaults, commented: what `relay init` prints."""
    lines = [
        "# Configuration of the relay: every key, with its default.",
        "# The environment overrides it: RELAY_SERVER__LISTEN, RELAY_CHANNELS__NEWS__PATIENCE.",
    ]
    tables: list[tuple[str, type[Table]]] = [
        ("server", ServerTable),
        ("tls", TlsTable),
        ("front_end", FrontEndTable),
        ("limits", LimitsTable),
        ("store", StoreTable),
        ("cluster", ClusterTable),
        ("clock", ClockTable),
        ("webhooks.noc", WebhookTable),
        ("channels.news", ChannelTable),
        ("channels.news.tracks", TracksTable),
        ("channels.news.sources.enc_a", SourceTable),
        ("channels.news.upstreams.eu", UpstreamTable),
    ]
    for name, table in tables:
        off = "# " if table in (SourceTable, UpstreamTable, WebhookTable) else ""
        lines += ["", f"# {table.__doc__}", f"{off}[{name}]"]
        for key, told in table.model_fields.items():
            value = told.default
            if isinstance(value, Table) or key in ("sources", "upstreams"):
                continue  # it has a table of its own
            if told.examples:
                shown = f"# {key} = {told.examples[0]}"
            elif isinstance(value, bool):
                shown = f"{off}{key} = {str(value).lower()}"
            elif isinstance(value, tuple):
                shown = f"{off}{key} = {json.dumps(value)}"
            elif isinstance(value, str | Path):
                shown = f'{off}{key} = "{value}"'
            else:
                shown = f"{off}{key} = {value}"
            lines.append(f"{shown:<40} # {told.description}")
    return "\n".join(lines) + "\n"
