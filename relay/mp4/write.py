"""Boxes built: plain ones from bytes, described ones from their grammar.

A trun is not built sample by sample: its table is handed on as it came, and only the header in
front of it is new.
"""

from typing import Any

from construct import Construct

from relay.media import Buffer, SampleDefaults
from relay.mp4.grammar import TFHD
from relay.mp4.samples import DATA_OFFSET


def box(kind: str, *parts: Buffer) -> bytes:
    """A box of a four-character type around `parts`."""
    size = 8 + sum(len(part) for part in parts)
    return b"".join((size.to_bytes(4, "big"), kind.encode("latin-1"), *parts))


def described(kind: str, table: Construct, **fields: Any) -> bytes:
    """A box whose payload is built by a table of the grammar. None stands for an absent field."""
    return box(kind, table.build(fields))


def media_data_header(size: int) -> bytes:
    """The header of an mdat with `size` bytes of media data."""
    if size + 8 < 1 << 32:
        return (size + 8).to_bytes(4, "big") + b"mdat"
    return b"\0\0\0\1mdat" + (size + 16).to_bytes(8, "big")


def tfhd(track_id: int, defaults: SampleDefaults, flags: int = 0) -> bytes:
    """A tfhd that says every default itself; `flags` are added."""
    return described(
        "tfhd",
        TFHD,
        flags=0x38 | flags,
        track_ID=track_id,
        base_data_offset=None,
        sample_description_index=None,
        default_sample_duration=defaults.duration,
        default_sample_size=defaults.size,
        default_sample_flags=defaults.flags,
    )


def trun(payload: Buffer, data_offset: int) -> bytes:
    """A trun that differs from the one with this payload in its data_offset alone."""
    word = int.from_bytes(payload[:4], "big")
    table = payload[12:] if word & DATA_OFFSET else payload[8:]
    return box(
        "trun",
        (word | DATA_OFFSET).to_bytes(4, "big"),
        payload[4:8],
        data_offset.to_bytes(4, "big", signed=True),
        table,
    )


def saio(offset: int) -> bytes:
    """A saio (8.7.9) whose auxiliary information lies in one piece, `offset` from the moof."""
    return box("saio", bytes(4), (1).to_bytes(4, "big"), offset.to_bytes(4, "big"))
