"""The grammar of the boxes we read, write or show: construct tables of what follows a box header.

    BOXES        by type           ISO/IEC 14496-12 (clause beside each), 14496-30, 23001-7, 23009-1
    EXTENDED     by extended type  Smooth Streaming ([MS-SSTR]) and PIFF
    CONTAINERS   by type: how many bytes stand before the children
    CONFIGS      codec configurations, in `codecs`' room of the standard

A table is for one leaf box whose size has been checked; walking boxes is `walk`'s work, because
construct loops for ever on empty elements and hides errors in greedy ranges. So every array here
is bounded: by a `Check` against the bytes that are left, or because it is made from them.

`TRUN` is compiled. The core reads runs by columns (`samples`), of which this table is the described
form and the oracle of its tests. A builder wants every field: None stands for one that is absent.
"""

from typing import Any

from construct import (
    Array,
    Bytes,
    Check,
    Construct,
    Default,
    ExprAdapter,
    GreedyBytes,
    If,
    IfThenElse,
    Int8ub,
    Int16sb,
    Int16ub,
    Int24ub,
    Int32sb,
    Int32ub,
    Int64ub,
    Padding,
    Struct,
    this,
)

UNITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""The matrix of mvhd and tkhd that changes nothing (6.2.2)."""


def _remaining(context: Any) -> int:
    stream = context._io
    here = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(here)
    return int(end - here)


def _full(*fields: Construct) -> Construct:
    """FullBox (4.2): version and flags, then `fields`."""
    return Struct("version" / Default(Int8ub, 0), "flags" / Default(Int24ub, 0), *fields)


def _table(name: str, count: str, record: Construct, smallest: int) -> tuple[Construct, Construct]:
    """`count` records, which must be there: `smallest` bytes each are checked before the loop."""
    check = Check(lambda c: c._building or c[count] * smallest <= _remaining(c))
    return check, name / Array(lambda c: c[count], record)


def _rest(name: str, record: Construct, size: int) -> Construct:
    """As many records of `size` bytes as the box holds."""
    return name / Array(lambda c: len(c[name]) if c._building else _remaining(c) // size, record)


def _wide(wide: Construct = Int64ub, narrow: Construct = Int32ub) -> Construct:
    """A field that is 64 bits wide in version 1."""
    return IfThenElse(this.version == 1, wide, narrow)


FOURCC = ExprAdapter(Bytes(4), lambda o, _: o.decode("latin-1"), lambda o, _: o.encode("latin-1"))
LANGUAGE = ExprAdapter(  # ISO 639-2/T, three letters of five bits (8.4.2.3)
    Int16ub,
    lambda o, _: "".join(chr((o >> shift & 31) + 0x60) for shift in (10, 5, 0)),
    lambda o, _: sum((ord(c) - 0x60 & 31) << shift for c, shift in zip(o, (10, 5, 0), strict=True)),
)
UTF8 = ExprAdapter(GreedyBytes, lambda o, _: o.decode("utf-8", "replace"), lambda o, _: o.encode())
MATRIX = Default(Array(9, Int32sb), UNITY)

FTYP = Struct("major_brand" / FOURCC, "minor_version" / Int32ub, _rest("compatible", FOURCC, 4))
MVHD = _full(  # 8.2.2
    "creation_time" / Default(_wide(), 0),
    "modification_time" / Default(_wide(), 0),
    "timescale" / Int32ub,
    "duration" / Default(_wide(), 0),
    "rate" / Default(Int32sb, 0x10000),
    "volume" / Default(Int16sb, 0x100),
    Padding(10),
    "matrix" / MATRIX,
    Padding(24),
    "next_track_ID" / Int32ub,
)
TKHD = _full(  # 8.3.2; width and height are 16.16
    "creation_time" / Default(_wide(), 0),
    "modification_time" / Default(_wide(), 0),
    "track_ID" / Int32ub,
    Padding(4),
    "duration" / Default(_wide(), 0),
    Padding(8),
    "layer" / Default(Int16sb, 0),
    "alternate_group" / Default(Int16sb, 0),
    "volume" / Default(Int16sb, 0),
    Padding(2),
    "matrix" / MATRIX,
    "width" / Default(Int32ub, 0),
    "height" / Default(Int32ub, 0),
)
MDHD = _full(  # 8.4.2
    "creation_time" / Default(_wide(), 0),
    "modification_time" / Default(_wide(), 0),
    "timescale" / Int32ub,
    "duration" / Default(_wide(), 0),
    "language" / LANGUAGE,
    Padding(2),
)
HDLR = _full(Padding(4), "handler_type" / FOURCC, Padding(12), "name" / UTF8)  # 8.4.3
TREX = _full(  # 8.8.3
    "track_ID" / Int32ub,
    "default_sample_description_index" / Default(Int32ub, 1),
    "default_sample_duration" / Default(Int32ub, 0),
    "default_sample_size" / Default(Int32ub, 0),
    "default_sample_flags" / Default(Int32ub, 0),
)
MFHD = _full("sequence_number" / Int32ub)  # 8.8.5
TFHD = _full(  # 8.8.7
    "track_ID" / Int32ub,
    "base_data_offset" / If(this.flags & 0x1, Int64ub),
    "sample_description_index" / If(this.flags & 0x2, Int32ub),
    "default_sample_duration" / If(this.flags & 0x8, Int32ub),
    "default_sample_size" / If(this.flags & 0x10, Int32ub),
    "default_sample_flags" / If(this.flags & 0x20, Int32ub),
)
TFDT = _full("base_media_decode_time" / _wide())  # 8.8.12
TRUN = _full(  # 8.8.8
    "sample_count" / Int32ub,
    "data_offset" / If(this.flags & 0x1, Int32sb),
    "first_sample_flags" / If(this.flags & 0x4, Int32ub),
    "samples"
    / Array(
        this.sample_count * ((this.flags & 0xF00) != 0),
        Struct(
            "duration" / If(this._.flags & 0x100, Int32ub),
            "size" / If(this._.flags & 0x200, Int32ub),
            "flags" / If(this._.flags & 0x400, Int32ub),
            "composition_time_offset"
            / If(this._.flags & 0x800, IfThenElse(this._.version == 0, Int32ub, Int32sb)),
        ),
    ),
).compile()
SAIZ = _full(  # 8.7.8
    "aux_info_type" / If(this.flags & 1, FOURCC),
    "aux_info_type_parameter" / If(this.flags & 1, Int32ub),
    "default_sample_info_size" / Int8ub,
    "sample_count" / Int32ub,
    "sample_info_sizes" / If(this.default_sample_info_size == 0, GreedyBytes),
)
SAIO = _full(  # 8.7.9
    "aux_info_type" / If(this.flags & 1, FOURCC),
    "aux_info_type_parameter" / If(this.flags & 1, Int32ub),
    "entry_count" / Int32ub,
    *_table("offsets", "entry_count", _wide(), 4),
)
