"""The grammar of the boxes we read, write or show: construct tables of what follows a box header.

Here stands ISO/IEC 14496-12 (clause beside each table) with emsg of 23009-1; `vocabulary` holds
what other standards add, and which table is whose.

A table is for one leaf box whose size has been checked; walking boxes is `walk`'s work, because
construct loops for ever on empty elements and hides errors in greedy ranges. So every array here
is bounded: by a `Check` against the bytes that are left, by elements that each take some of them,
or because it is made from them.

`TRUN` is compiled. The core reads runs by columns (`samples`), of which this table is the described
form and the oracle of its tests; on a run cut short it raises struct.error where other tables raise
ConstructError. Builders want every field: None stands for one that is absent.
"""

from fractions import Fraction
from typing import Any

from construct import (
    Array,
    Bytes,
    BytesInteger,
    Check,
    Construct,
    CString,
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
    Int64sb,
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


def full(*fields: Construct) -> Construct:
    """FullBox (4.2): version and flags, then `fields`."""
    return Struct("version" / Default(Int8ub, 0), "flags" / Default(Int24ub, 0), *fields)


def table(name: str, count: str, record: Construct, smallest: int) -> tuple[Construct, Construct]:
    """`count` records, which must be there: `smallest` bytes each are checked before the loop."""
    check = Check(lambda c: c._building or c[count] * smallest <= _remaining(c))
    return check, name / Array(lambda c: c[count], record)


def rest(name: str, record: Construct, size: int) -> Construct:
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
FIXED = ExprAdapter(Int32ub, lambda o, _: Fraction(o, 1 << 16), lambda o, _: int(o * (1 << 16)))
"""16.16"""
UTF8 = ExprAdapter(GreedyBytes, lambda o, _: o.decode("utf-8", "replace"), lambda o, _: o.encode())
MATRIX = Default(Array(9, Int32sb), UNITY)

FTYP = Struct("major_brand" / FOURCC, "minor_version" / Int32ub, rest("compatible", FOURCC, 4))
MVHD = full(  # 8.2.2
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
TKHD = full(  # 8.3.2
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
    "width" / Default(FIXED, 0),
    "height" / Default(FIXED, 0),
)
MDHD = full(  # 8.4.2
    "creation_time" / Default(_wide(), 0),
    "modification_time" / Default(_wide(), 0),
    "timescale" / Int32ub,
    "duration" / Default(_wide(), 0),
    "language" / LANGUAGE,
    Padding(2),
)
HDLR = full(Padding(4), "handler_type" / FOURCC, Padding(12), "name" / UTF8)  # 8.4.3
TREX = full(  # 8.8.3
    "track_ID" / Int32ub,
    "default_sample_description_index" / Default(Int32ub, 1),
    "default_sample_duration" / Default(Int32ub, 0),
    "default_sample_size" / Default(Int32ub, 0),
    "default_sample_flags" / Default(Int32ub, 0),
)
MFHD = full("sequence_number" / Int32ub)  # 8.8.5
TFHD = full(  # 8.8.7
    "track_ID" / Int32ub,
    "base_data_offset" / If(this.flags & 0x1, Int64ub),
    "sample_description_index" / If(this.flags & 0x2, Int32ub),
    "default_sample_duration" / If(this.flags & 0x8, Int32ub),
    "default_sample_size" / If(this.flags & 0x10, Int32ub),
    "default_sample_flags" / If(this.flags & 0x20, Int32ub),
)
TFDT = full("base_media_decode_time" / _wide())  # 8.8.12
TRUN = full(  # 8.8.8
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
SAIZ = full(  # 8.7.8
    "aux_info_type" / If(this.flags & 1, FOURCC),
    "aux_info_type_parameter" / If(this.flags & 1, Int32ub),
    "default_sample_info_size" / Int8ub,
    "sample_count" / Int32ub,
    "sample_info_sizes" / If(this.default_sample_info_size == 0, GreedyBytes),
)
SAIO = full(  # 8.7.9
    "aux_info_type" / If(this.flags & 1, FOURCC),
    "aux_info_type_parameter" / If(this.flags & 1, Int32ub),
    "entry_count" / Int32ub,
    *table("offsets", "entry_count", _wide(), 4),
)
ELST = full(  # 8.6.6
    "entry_count" / Int32ub,
    *table(
        "entries",
        "entry_count",
        Struct(
            "segment_duration" / IfThenElse(this._.version == 1, Int64ub, Int32ub),
            "media_time" / IfThenElse(this._.version == 1, Int64sb, Int32sb),
            "media_rate" / Int32sb,
        ),
        12,
    ),
)
_PAIR = Struct("sample_count" / Int32ub, "value" / Int32ub)
STTS = full("entry_count" / Int32ub, *table("entries", "entry_count", _PAIR, 8))  # 8.6.1.2
STSC = full(  # 8.7.4
    "entry_count" / Int32ub,
    *table(
        "entries",
        "entry_count",
        Struct("first_chunk" / Int32ub, "samples_per_chunk" / Int32ub, "description" / Int32ub),
        12,
    ),
)
STSZ = full(  # 8.7.3.2
    "sample_size" / Int32ub,
    "sample_count" / Int32ub,
    "entry_sizes" / If(this.sample_size == 0, Array(this.sample_count, Int32ub)),
)
STCO = full("entry_count" / Int32ub, *table("offsets", "entry_count", Int32ub, 4))  # 8.7.5
MEHD = full("fragment_duration" / _wide())  # 8.8.2
VMHD = full("graphicsmode" / Int16ub, "opcolor" / Array(3, Int16ub))  # 12.1.2
SMHD = full("balance" / Int16sb, Padding(2))  # 12.2.2
SDTP = full("dependencies" / GreedyBytes)  # 8.6.4
URL = full("location" / UTF8)  # 8.7.2
ELNG = full("extended_language" / UTF8)  # 8.4.6
SBGP = full(  # 8.9.2
    "grouping_type" / FOURCC,
    "grouping_type_parameter" / If(this.version == 1, Int32ub),
    "entry_count" / Int32ub,
    *table("entries", "entry_count", _PAIR, 8),
)
SGPD = full("grouping_type" / FOURCC, "descriptions" / GreedyBytes)  # 8.9.3
PRFT = full(  # 8.16.5
    "reference_track_ID" / Int32ub, "ntp_timestamp" / Int64ub, "media_time" / _wide()
)
TFRA = full(  # 8.8.10
    "track_ID" / Int32ub,
    "lengths" / Int32ub,
    "number_of_entry" / Int32ub,
    *table(
        "entries",
        "number_of_entry",
        Struct(
            "time" / IfThenElse(this._.version == 1, Int64ub, Int32ub),
            "moof_offset" / IfThenElse(this._.version == 1, Int64ub, Int32ub),
            "traf_number" / BytesInteger((this._.lengths >> 4 & 3) + 1),
            "trun_number" / BytesInteger((this._.lengths >> 2 & 3) + 1),
            "sample_number" / BytesInteger((this._.lengths & 3) + 1),
        ),
        11,
    ),
)
MFRO = full("parent_size" / Int32ub)  # 8.8.11
SIDX = full(  # 8.16.3; a reference is type and size, duration, SAP
    "reference_ID" / Int32ub,
    "timescale" / Int32ub,
    "earliest_presentation_time" / _wide(),
    "first_offset" / _wide(),
    Padding(2),
    "reference_count" / Int16ub,
    *table("references", "reference_count", Array(3, Int32ub), 12),
)
EMSG = full(  # 23009-1 5.10.3.3
    "message"
    / IfThenElse(
        this.version == 0,
        Struct(
            "scheme_id_uri" / CString("utf8"),
            "value" / CString("utf8"),
            "timescale" / Int32ub,
            "presentation_time_delta" / Int32ub,
            "event_duration" / Int32ub,
            "id" / Int32ub,
            "message_data" / GreedyBytes,
        ),
        Struct(
            "timescale" / Int32ub,
            "presentation_time" / Int64ub,
            "event_duration" / Int32ub,
            "id" / Int32ub,
            "scheme_id_uri" / CString("utf8"),
            "value" / CString("utf8"),
            "message_data" / GreedyBytes,
        ),
    ),
)
