"""PIFF 1.1 encryption in the terms of ISO/IEC 23001-7 (Common Encryption), which players read.

A protected track passes through: nothing here has a key. What players have to be told of it is read
from the sample entry (sinf: schm, schi with tenc); a track that does not say scheme and key is
refused, since nobody could play it, and no document could say so.

Only the signalling differs, never a sample: the scheme `piff` is `cenc` (AES-CTR) or `cbc1`
(AES-CBC), the uuid boxes tenc and senc are the standard's boxes of that name, and saiz and saio
have to say where the auxiliary information lies. PIFF may override algorithm and key in a senc;
the standard has no such field, and no encoder was seen to use it, so it is dropped.
"""

from relay.errors import CodecUnsupported, FragmentInvalid, HeaderInvalid, quoted
from relay.media import Buffer, Protection
from relay.mp4.samples import SAMPLES
from relay.mp4.smooth import PIFF_TENC
from relay.mp4.walk import Atom, Budget, box_at, children, first
from relay.mp4.write import box

_HEADS = {"encv": 78, "enca": 28}
_NESTED = {"sinf", "schi"}
_BOXES = 64
_SCHEMES = {1: b"cenc", 2: b"cbc1"}
_KNOWN = ("cenc", "cbc1", "cens", "cbcs")
"""The schemes of 23001-7 clause 10."""


def protection(sample_entry: bytes, systems: tuple[bytes, ...] = ()) -> Protection | None:
    """How an entry of video or audio is protected; None for one in the clear.

    `systems`: the pssh boxes of its moov. Raises BoxInvalid, HeaderInvalid, CodecUnsupported.
    """
    entry = box_at(sample_entry, 0, len(sample_entry))
    if entry.type not in _HEADS:
        return None
    data = common_entry(sample_entry)
    whole = box_at(data, 0, len(data))
    sinf = _inside(data, whole, _HEADS[entry.type], "sinf")
    schm = _inside(data, sinf, 0, "schm")
    tenc = _inside(data, _inside(data, sinf, 0, "schi"), 0, "tenc")
    scheme = data[schm.body + 4 : schm.body + 8].decode("latin-1")
    if scheme not in _KNOWN:
        raise CodecUnsupported(
            f"A track is encrypted by scheme '{quoted(scheme)}', which no player could be told of.",
            hint=f"Common Encryption is passed through: {', '.join(_KNOWN)}, or PIFF 1.1.",
        )
    key_id = data[tenc.body + 8 : tenc.body + 24]
    if tenc.end - tenc.body < 24:
        raise HeaderInvalid("An encrypted track does not say its key (tenc is cut short).")
    return Protection(scheme, key_id, systems)


def _inside(data: bytes, parent: Atom, head: int, kind: str) -> Atom:
    """The child of that kind behind `head` bytes; when there is none, the header is invalid."""
    atoms = children(data, parent.body + head, parent.end, Budget(_BOXES))
    atom = first(atoms, kind)
    if atom is None:
        raise HeaderInvalid(
            f"An encrypted track does not say by what (its {parent.type} has no {kind}).",
            hint="The sample entry needs sinf with frma, schm, and schi with tenc.",
        )
    return atom


def common_entry(sample_entry: bytes) -> bytes:
    """The sample entry with PIFF's signalling made common; others come back as they are."""
    entry = box_at(sample_entry, 0, len(sample_entry))
    head = _HEADS.get(entry.type)
    if head is None:
        return sample_entry
    return _common(sample_entry, entry, head, _scheme(sample_entry))


def _scheme(entry: bytes) -> bytes:
    at = entry.find(PIFF_TENC)
    algorithm = int.from_bytes(entry[at + 20 : at + 23], "big") if at >= 0 else 0
    return _SCHEMES.get(algorithm, b"cenc")


def _common(data: bytes, parent: Atom, head: int, scheme: bytes) -> bytes:
    parts = [data[parent.body : parent.body + head]]
    for atom in children(data, parent.body + head, parent.end, Budget(_BOXES)):
        payload = data[atom.body : atom.end]
        if atom.type in _NESTED:
            parts.append(_common(data, atom, 0, scheme))
        elif atom.type == "schm" and payload[4:8] == b"piff":
            parts.append(box("schm", payload[:4], scheme, payload[8:]))
        elif atom.uuid == PIFF_TENC and len(payload) >= 24:
            # AlgorithmID u24, IV_size u8, KID -> reserved u16, isProtected u8, IV size u8, KID
            protected = bytes((0, 0, 1 if any(payload[4:7]) else 0))
            parts.append(box("tenc", bytes(4), protected, payload[7:24]))
        else:
            parts.append(data[atom.start : atom.end])
    return box(parent.type, *parts)


def common_senc(payload: Buffer) -> tuple[bytes, bytes]:
    """(senc, saiz) of a PIFF senc, from what follows its extended type. Raises FragmentInvalid."""
    data = bytes(payload)
    flags = int.from_bytes(data[1:4], "big")
    if flags & 1:
        data = bytes((data[0],)) + (flags & ~1).to_bytes(3, "big") + data[24:]
    if len(data) < 8 or int.from_bytes(data[4:8], "big") > SAMPLES:
        raise FragmentInvalid("A senc is damaged.")
    count = int.from_bytes(data[4:8], "big")
    for iv in (8, 16, 0):
        sizes = _sizes(data, iv, count, subsamples=bool(flags & 2))
        if sizes is not None:
            saiz = box("saiz", bytes(5), count.to_bytes(4, "big"), sizes)
            return box("senc", data), saiz
    raise FragmentInvalid("The entries of a senc do not fill it.")


def _sizes(data: bytes, iv: int, count: int, *, subsamples: bool) -> bytes | None:
    """The size of every entry, given vectors of `iv` bytes; None: they have another size."""
    at = 8
    sizes = bytearray()
    for _ in range(count):
        size = iv
        if subsamples:
            entries = data[at + iv : at + iv + 2]
            if len(entries) < 2:
                return None
            size += 2 + 6 * int.from_bytes(entries, "big")
        if size > 255:
            return None
        sizes.append(size)
        at += size
    return bytes(sizes) if at == len(data) else None
