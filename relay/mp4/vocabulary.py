"""Which table describes which box: what Smooth, PIFF, 14496-15, 23001-7 and others add, and `find`.

LEAVES      boxes of fields, by type
EXTENDED    boxes of fields, by extended type, with the name that people know
HEADS       boxes of boxes, by type: the fields before the children
"""

from construct import (
    Array,
    Bytes,
    Construct,
    ExprAdapter,
    GreedyBytes,
    If,
    IfThenElse,
    Int8ub,
    Int16ub,
    Int24ub,
    Int32ub,
    Int64sb,
    Int64ub,
    Padding,
    Prefixed,
    Struct,
    this,
)

from relay.mp4 import grammar as g
from relay.mp4 import smooth

_NAL = Prefixed(Int16ub, GreedyBytes)

# Smooth Streaming, [MS-SSTR] 2.2.4.4, 2.2.4.5 and 2.2.7.3. What tfxd version 2 adds is not
# published: it shows as `more`.
_TIME = IfThenElse(this.version == 0, Int32ub, Int64sb)
_SPAN = IfThenElse(this.version == 0, Int32ub, Int64ub)
TFXD = g.full("fragment_absolute_time" / _TIME, "fragment_duration" / _SPAN, "more" / GreedyBytes)
TFRF = g.full(
    "fragment_count" / Int8ub,
    *g.table(
        "fragments",
        "fragment_count",
        Struct(
            "time" / IfThenElse(this._.version == 0, Int32ub, Int64sb),
            "duration" / IfThenElse(this._.version == 0, Int32ub, Int64ub),
        ),
        8,
    ),
)
MANIFEST = g.full("xml" / g.UTF8)

# Encryption: PIFF 1.1 5.3; ISO/IEC 14496-12 8.12, 23001-7 7 and 8
PIFF_TENC = g.full("algorithm_id" / Int24ub, "iv_size" / Int8ub, "kid" / Bytes(16))
PIFF_SENC = g.full(
    "algorithm_id" / If(this.flags & 1, Int24ub),
    "iv_size" / If(this.flags & 1, Int8ub),
    "kid" / If(this.flags & 1, Bytes(16)),
    "sample_count" / Int32ub,
    "entries" / GreedyBytes,
)
SENC = g.full("sample_count" / Int32ub, "entries" / GreedyBytes)
PIFF_PSSH = g.full("system_id" / Bytes(16), "data" / Prefixed(Int32ub, GreedyBytes))
PSSH = g.full(
    "system_id" / Bytes(16),
    "kid_count" / If(this.version > 0, Int32ub),
    "kids_and_data" / GreedyBytes,
)
TENC = g.full(
    Padding(1),
    "pattern" / Int8ub,
    "is_protected" / Int8ub,
    "iv_size" / Int8ub,
    "kid" / Bytes(16),
    "constant_iv" / GreedyBytes,
)
SCHM = g.full("scheme_type" / g.FOURCC, "scheme_version" / Int32ub)
FRMA = Struct("data_format" / g.FOURCC)

# Codec configurations: 14496-15 5.3.3.1 and 8.3.3.1; Opus in ISOBMFF 4.3.2
AVCC = Struct(
    "version" / Int8ub,
    "profile" / Int8ub,
    "compatibility" / Int8ub,
    "level" / Int8ub,
    "length_size_minus_one" / ExprAdapter(Int8ub, lambda o, _: o & 3, lambda o, _: o | 0xFC),
    "sps_count" / ExprAdapter(Int8ub, lambda o, _: o & 31, lambda o, _: o | 0xE0),
    "sps" / Array(this.sps_count, _NAL),
    "pps_count" / Int8ub,
    "pps" / Array(this.pps_count, _NAL),
    "extensions" / GreedyBytes,
)
HVCC = Struct(
    "version" / Int8ub,
    "profile" / Int8ub,
    "compatibility" / Int32ub,
    "constraints" / Bytes(6),
    "level" / Int8ub,
    "min_spatial_segmentation" / Int16ub,
    "parallelism" / Int8ub,
    "chroma_format" / Int8ub,
    "bit_depth_luma" / Int8ub,
    "bit_depth_chroma" / Int8ub,
    "avg_frame_rate" / Int16ub,
    "layers_and_length_size" / Int8ub,
    "array_count" / Int8ub,
    "arrays"
    / Array(
        this.array_count,
        Struct("nal_type" / Int8ub, "count" / Int16ub, "nals" / Array(this.count, _NAL)),
    ),
)
ESDS = g.full("descriptors" / GreedyBytes)
DOPS = Struct(
    "version" / Int8ub,
    "channels" / Int8ub,
    "pre_skip" / Int16ub,
    "input_rate" / Int32ub,
    "more" / GreedyBytes,
)
BTRT = Struct("buffer_size" / Int32ub, "max_bitrate" / Int32ub, "avg_bitrate" / Int32ub)
PASP = Struct("horizontal" / Int32ub, "vertical" / Int32ub)
COLR = Struct("colour_type" / g.FOURCC, "colour" / GreedyBytes)
_RAW = Struct("data" / GreedyBytes)

LEAVES: dict[str, Construct] = {
    "ftyp": g.FTYP, "styp": g.FTYP, "mvhd": g.MVHD, "tkhd": g.TKHD, "mdhd": g.MDHD,
    "hdlr": g.HDLR, "elng": g.ELNG, "elst": g.ELST, "vmhd": g.VMHD, "smhd": g.SMHD,
    "sthd": g.full(), "nmhd": g.full(), "url ": g.URL, "stts": g.STTS, "ctts": g.STTS,
    "stsc": g.STSC, "stsz": g.STSZ, "stco": g.STCO, "mehd": g.MEHD, "trex": g.TREX,
    "mfhd": g.MFHD, "tfhd": g.TFHD, "tfdt": g.TFDT, "trun": g.TRUN, "saiz": g.SAIZ,
    "saio": g.SAIO, "sdtp": g.SDTP, "sbgp": g.SBGP, "sgpd": g.SGPD, "prft": g.PRFT,
    "tfra": g.TFRA, "mfro": g.MFRO, "sidx": g.SIDX, "emsg": g.EMSG, "senc": SENC, "pssh": PSSH,
    "tenc": TENC, "schm": SCHM, "frma": FRMA, "avcC": AVCC, "hvcC": HVCC, "esds": ESDS,
    "dac3": _RAW, "dec3": _RAW, "dOps": DOPS, "btrt": BTRT, "pasp": PASP, "colr": COLR,
}  # fmt: skip

EXTENDED: dict[bytes, tuple[str, Construct]] = {
    smooth.TFXD: ("tfxd", TFXD),
    smooth.TFRF: ("tfrf", TFRF),
    smooth.LIVE_SERVER_MANIFEST: ("LiveServerManifest", MANIFEST),
    smooth.STREAM_MANIFEST: ("StreamManifest", MANIFEST),
    smooth.PIFF_TENC: ("tenc", PIFF_TENC),
    smooth.PIFF_SENC: ("senc", PIFF_SENC),
    smooth.PIFF_PSSH: ("pssh", PIFF_PSSH),
}

_NOTHING = Struct()
_COUNTED = g.full("entry_count" / Int32ub)
_VISUAL = Struct(
    Padding(6),
    "data_reference_index" / Int16ub,
    Padding(16),
    "width" / Int16ub,
    "height" / Int16ub,
    Padding(14),
    "compressorname" / Bytes(32),
    "depth" / Int16ub,
    Padding(2),
)
_AUDIO = Struct(
    Padding(6),
    "data_reference_index" / Int16ub,
    Padding(8),
    "channelcount" / Int16ub,
    "samplesize" / Int16ub,
    Padding(4),
    "samplerate" / g.FIXED,
)

HEADS: dict[str, Construct] = {
    **dict.fromkeys(
        ("moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "mfra",
         "udta", "sinf", "schi"),
        _NOTHING,
    ),
    "meta": g.full(),
    "stsd": _COUNTED,
    "dref": _COUNTED,
    **dict.fromkeys(("avc1", "avc3", "hvc1", "hev1", "encv"), _VISUAL),
    **dict.fromkeys(("mp4a", "ac-3", "ec-3", "Opus", "enca"), _AUDIO),
}  # fmt: skip
