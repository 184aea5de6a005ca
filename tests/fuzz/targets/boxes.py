"""The box reader: any chunks in, whole boxes out, and the same ones however the input is cut."""

from collections.abc import Iterator

from relay.errors import BoxInvalid, BoxTooLarge, EncoderError
from relay.mp4 import dump
from relay.mp4.reader import Box, BoxReader
from relay.mp4.walk import Budget, children
from relay.mp4.write import box
from tests.fuzz.target import Target
from tests.mp4 import recorded


def _read(data: bytes, step: int) -> tuple[list[Box], str, int]:
    reader = BoxReader()
    boxes: list[Box] = []
    try:
        for at in range(0, len(data), step):
            boxes += reader.feed(data[at : at + step])
        boxes += reader.feed(b"")
    except (BoxInvalid, BoxTooLarge) as error:
        return boxes, error.code, -1
    return boxes, "", reader.pending


def _run(data: bytes) -> None:
    step, body = 1 + (data[0] if data else 0), data[1:]
    boxes, fault, pending = _read(body, max(1, len(body)))
    assert _read(body, step) == (boxes, fault, pending), "how it is cut matters"
    whole = b"".join(found.data for found in boxes)
    assert body.startswith(whole), "boxes are not what came"
    if not fault:
        assert len(whole) + pending == len(body), "bytes were lost"
    for found in boxes:
        assert found.data[found.header :] == found.payload
        if found.header == 8:
            assert box(found.type, found.payload) == found.data
        try:
            inside = children(found.data, found.header, len(found.data), Budget(256))
        except EncoderError:
            continue
        assert b"".join(found.data[a.start : a.end] for a in inside) == found.payload


def _dump(data: bytes) -> None:
    """The tree that `relay dump` prints never fails, and never lets a file reach the terminal."""
    nodes = dump.tree(data)
    text = dump.as_text(nodes)
    assert all(line.isprintable() for line in text.split("\n")), "a file reaches the terminal"
    dump.to_json(nodes)


def _files() -> Iterator[bytes]:
    for seed in _seeds():
        yield seed[1:]


def _seeds() -> Iterator[bytes]:
    for name in recorded.BODIES[:6]:
        yield b"\x05" + recorded.body(name)[:6000]
    yield b"\0" + b"\0\0\0\1mdat\0\0\0\0\0\0\0\x14data"
    yield b"\x07" + recorded.moof(recorded.traf(recorded.tfhd(), recorded.trun(0x201, 1, 0, 4)))


WORDS = (b"ftyp", b"moov", b"moof", b"mdat", b"uuid", b"traf", b"trun", b"tfhd", b"tfdt", b"styp")
BOXES = Target("boxes", _run, _seeds, WORDS)
DUMP = Target("dump", _dump, _files, WORDS, longest=4096)
