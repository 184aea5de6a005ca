import struct

import pytest

from packagers.smooth.fragment import event, fragment, hole
from relay.errors import EncoderError
from relay.media import SampleDefaults
from relay.mp4.write import box, tfhd, trun
from tests.e2e import boxes
from tests.mp4.recorded import BODIES, mfhd, pairs
from tests.packagers.presentations import FIRST, payload, regular, stored
from tests.packagers.smooth.tracks import picture

TFXD = bytes.fromhex("6d1d9b0542d544e680e2141daff757b2")
TFRF = bytes.fromhex("d4807ef2ca3946958e5426cb9e46a79f")
SEGMENT, NEXT, LAST = regular(picture(), count=3)
FOLLOWING = [(s.time, s.duration) for s in (NEXT, LAST)]


def parts(data: bytes) -> dict[str, bytes]:
    """The children of the only traf; of a uuid box, by its extended type."""
    found = {}
    (traf,) = boxes.find(data, "moof/traf")
    for child in boxes.walk(data, traf.body, traf.end):
        inside = data[child.body : child.end]
        name = inside[:16].hex() if child.type == "uuid" else child.type
        assert name not in found
        found[name] = inside[16:] if child.type == "uuid" else inside
    return found


def test_a_fragment_says_its_time_and_those_that_follow() -> None:
    own = (SEGMENT.time, SEGMENT.duration)
    data = b"".join(fragment(stored(SEGMENT), SEGMENT.index, own, FOLLOWING))
    assert [b.type for b in boxes.walk(data)] == ["moof", "mdat"]
    assert [b.type for b in boxes.find(data, "moof/mfhd")] == ["mfhd"]
    said = parts(data)
    assert list(said) == ["tfhd", "trun", TFXD.hex(), TFRF.hex()]
    assert said[TFXD.hex()] == struct.pack(">IQQ", 1 << 24, *own)
    assert said[TFRF.hex()] == struct.pack(">IBQQQQ", 1 << 24, 2, *FOLLOWING[0], *FOLLOWING[1])
    # The flags that 2.2.4.6 knows.
    assert int.from_bytes(said["tfhd"][:4], "big") & ~0x3B == 0
    (moof,) = boxes.find(data, "moof")
    assert struct.unpack_from(">i", said["trun"], 8) == (moof.end + 8,)
    assert data[moof.end + 8 :] == payload(SEGMENT)


def test_without_followers_there_is_no_tfrf() -> None:
    data = b"".join(fragment(stored(SEGMENT), FIRST, (0, 1), []))
    assert list(parts(data)) == ["tfhd", "trun", TFXD.hex()]


def test_a_copy_of_several_fragments_is_one() -> None:
    """Clients mend the offset of one trun only."""
    data = b"".join(fragment(stored(SEGMENT) + stored(NEXT), FIRST, (5, 6), []))
    (made,) = boxes.fragments(data)
    assert made.sizes == (len(payload(SEGMENT)), len(payload(NEXT)))
    assert made.duration == SEGMENT.duration + NEXT.duration
    assert made.time == 5
    (moof,) = boxes.find(data, "moof")
    assert data[moof.end + 8 :] == payload(SEGMENT) + payload(NEXT)


def test_runs_out_of_order_are_put_in_theirs() -> None:
    """The runs of a traf may lie anywhere in the mdat; a trun's samples lie in a row."""
    table = [struct.pack(">III", 0x200, 1, size) for size in (3, 2)]
    head = tfhd(1, SampleDefaults(10, 0, 0))
    tfdt = box("tfdt", bytes(8))
    size = 8 + len(mfhd()) + 8 + len(head) + len(tfdt) + sum(len(trun(t, 0)) for t in table)
    runs = [trun(table[0], size + 8 + 2), trun(table[1], size + 8)]
    data = box("moof", mfhd(), box("traf", head, tfdt, *runs)) + box("mdat", b"bbaaa")
    made = b"".join(fragment(data, 1, (0, 20), []))
    assert made.endswith(b"mdataaabb")
    assert boxes.fragments(made)[0].sizes == (3, 2)


@pytest.mark.parametrize("name", BODIES)
def test_captured_fragments_keep_their_samples(name: str) -> None:
    for moof, mdat in list(pairs(name))[:20]:
        (sent,) = boxes.fragments(moof + mdat)
        (made,) = boxes.fragments(b"".join(fragment(moof + mdat, 1, (7, 8), [])))
        assert (made.sizes, made.duration, made.media) == (sent.sizes, sent.duration, sent.media)
        assert (composition(moof + mdat)) == composition(
            b"".join(fragment(moof + mdat, 1, (7, 8), []))
        )


def composition(data: bytes) -> list[bytes]:
    """The tables of the runs, as they stand."""
    return [data[b.body + 12 : b.end] for b in boxes.find(data, "moof/traf/trun")]


def test_a_hole_is_a_fragment_without_samples() -> None:
    data = b"".join(hole(FIRST, (5, 6), FOLLOWING))
    (made,) = boxes.fragments(data)
    assert (made.samples, made.time) == (0, 5)
    assert list(parts(data)) == ["tfhd", "trun", TFXD.hex(), TFRF.hex()]


def test_the_content_of_an_event() -> None:
    assert event(stored(SEGMENT)) == payload(SEGMENT)
    assert event(b"") == b""


@pytest.mark.parametrize("data", [b"", b"\0" * 8, stored(SEGMENT)[:-1], box("mdat", b"a")])
def test_what_is_damaged_is_said_to_be(data: bytes) -> None:
    with pytest.raises(EncoderError):
        fragment(data, 1, (0, 1), [])
