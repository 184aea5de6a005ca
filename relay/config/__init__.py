"""The configuration: what a file and the environment say, checked, explained and compared.

    config      the whole file, read: `load`, all errors at once
    tables      the tables of a channel, its upstreams and sources, and of the store
    entrance    the tables of the doors: server, TLS, front end, limits
    loops       upstreams that lead back to where they begin
    checking    what can be wrong beyond one key
    sample      `relay init`: every key with its default and its meaning
    effective   `relay check --print`: what is in force, and where it comes from; the JSON Schema
    plan        two configurations compared: what a running relay can take, and what waits
    kept        channels that the control API has made, in a file beside the store

pydantic is at home here. Nothing else reads the environment or the file; the rooms take plain
arguments.
"""

from relay.config.config import ChannelTable, Config, StoreTable, load, with_channels

__all__ = ["ChannelTable", "Config", "StoreTable", "load", "with_channels"]
