import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import EncoderError
from relay.media import Buffer, SampleDefaults
from relay.mp4.fragment import parse_moof
from relay.mp4.grammar import SAIO
from relay.mp4.reader import Media
from relay.mp4.separate import media_data, separate
from relay.mp4.smooth import PIFF_SENC, Tfxd
from relay.mp4.walk import Budget, children
from tests.mp4.recorded import BODIES, box, moof, pairs, tfhd, tfxd, traf, trun, u32

TREX = {1: SampleDefaults(10, 3, 0x10000), 2: SampleDefaults(20, 1, 0)}


def samples(data: tuple[Buffer, ...]) -> list[bytes]:
    """The samples of a rebuilt fragment where a strict reader seeks them: from the moof on."""
    whole = b"".join(data)
    (head, media) = children(whole, 0, len(whole), Budget(2))
    (track,) = parse_moof(whole[: head.end]).tracks
    found = []
    for run in track.runs:
        assert run.data_offset is not None
        at = run.data_offset
        assert media.body <= at <= media.end
        for size in run.samples.sizes:
            found.append(whole[at : at + size])
            at += size
    return found


@pytest.mark.parametrize("name", BODIES)
def test_captures_pass_as_the_very_bytes(name: str) -> None:
    for head, media in pairs(name):
        ((track_id, meaning, data),) = separate(head, media, {})
        assert data[0] is head
        assert data[1] is media
        assert meaning.track_id == track_id


def test_what_trex_says_is_put_into_tfhd() -> None:
    head = moof(traf(tfxd(40, 20), tfhd(), trun(0, 2), box("sdtp", u32(0), b"ab")), number=9)
    ((track_id, meaning, data),) = separate(head, box("mdat", b"abcdef"), TREX)
    assert track_id == 1
    assert meaning == parse_moof(bytes(data[0])).tracks[0]
    assert meaning.complete
    assert (list(meaning.samples.durations), list(meaning.samples.flags)) == (
        [10, 10],
        [0x10000] * 2,
    )
    assert meaning.decode_time == 40
    assert parse_moof(bytes(data[0])).sequence_number == 9
    assert [atom.type for atom in meaning.atoms] == ["uuid", "tfhd", "trun", "sdtp"]
    assert samples(data) == [b"abc", b"def"]
    assert meaning.data_offset == len(data[0]) + 8


@pytest.mark.parametrize("swapped", [False, True])
def test_tracks_are_taken_apart(swapped: bool) -> None:
    one = traf(tfhd(1, 0x20000), tfxd(40, 20), trun(0x01, 2, 302 if swapped else 300))
    other = traf(tfhd(2, 0x20000), tfxd(80, 20), trun(0x201, 2, 300 if swapped else 306, 1, 1))
    payload = b"xyabcdef" if swapped else b"abcdefxy"
    items = separate(moof(one, other), box("mdat", payload), TREX)
    assert [track_id for track_id, _, _ in items] == [1, 2]
    assert [samples(data) for _, _, data in items] == [[b"abc", b"def"], [b"x", b"y"]]
    assert [meaning.decode_time for _, meaning, _ in items] == [40, 80]
    assert [list(meaning.samples.durations) for _, meaning, _ in items] == [[10, 10], [20, 20]]
    assert all(isinstance(part, memoryview) for _, _, data in items for part in data[2:])


def test_interleaved_runs_are_gathered_by_track() -> None:
    one = traf(tfhd(1, 0x20000), trun(0x201, 1, 300, 2), trun(0x201, 1, 303, 2))
    other = traf(tfhd(2, 0x20000), trun(0x201, 1, 302, 1), trun(0x201, 1, 305, 1))
    items = separate(moof(one, other), box("mdat", b"AAbCCd"), TREX)
    assert [samples(data) for _, _, data in items] == [[b"AA", b"CC"], [b"b", b"d"]]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=2, max_size=4))
def test_every_track_gets_its_own_bytes(sizes: list[list[int]]) -> None:
    trafs, payload, at = [], b"", 500
    for number, mine in enumerate(sizes, 1):
        trafs.append(traf(tfhd(number, 0x20000), trun(0x201, len(mine), at, *mine)))
        payload += b"".join(bytes([16 * number + size]) * size for size in mine)
        at += sum(mine)
    items = separate(moof(*trafs), box("mdat", payload), {})
    assert [samples(data) for _, _, data in items] == [
        [bytes([16 * number + size]) * size for size in mine]
        for number, mine in enumerate(sizes, 1)
    ]


def test_a_time_of_32_bits_is_unwrapped_and_restated() -> None:
    head = moof(traf(tfhd(1, 0x38, 10, 3, 0), tfxd(0x100, 20, 0), trun(0, 2)))
    media = box("mdat", b"abcdef")
    ((_, meaning, data),) = separate(head, media, {}, {1: 0xFFFFFF00})
    assert meaning.tfxd == Tfxd(0x100000100, 20, None, 1)
    assert samples(data) == [b"abc", b"def"]
    ((_, meaning, _),) = separate(head, media, {})
    assert meaning.decode_time == 0x100


@pytest.mark.parametrize("piff", [False, True])
def test_auxiliary_information_is_found_again(piff: bool) -> None:
    entries = u32(0, 2) + bytes(range(16))
    senc = box("uuid", PIFF_SENC, entries) if piff else box("senc", entries)
    saiz = box("saiz", u32(0) + b"\x08" + u32(2))
    head = moof(traf(tfhd(), trun(0, 2), saiz, box("saio", u32(0, 1, 0xBAD)), tfxd(1, 1), senc))
    ((_, meaning, data),) = separate(head, box("mdat", b"abcdef"), TREX)
    place = next(atom for atom in meaning.atoms if atom.type == "saio")
    (offset,) = SAIO.parse(data[0][place.body : place.end]).offsets
    assert bytes(data[0])[offset : offset + 16] == bytes(range(16))


def test_a_void_reference_to_auxiliary_information_is_dropped() -> None:
    saiz = box("saiz", u32(0) + b"\x08" + u32(2))
    head = moof(traf(tfhd(), trun(0, 2), saiz, box("saio", u32(0, 1, 0xBAD))))
    ((_, meaning, _),) = separate(head, box("mdat", b"abcdef"), TREX)
    assert [atom.type for atom in meaning.atoms] == ["tfhd", "trun"]


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (moof(traf(tfhd(), trun(0, 2))), box("mdat", b"abcde")),
        (moof(traf(tfhd(), trun(0, 2))), box("mdat", b"abcdefg")),
        (moof(traf(tfhd(), trun(0, 2))), box("mdat")),
        (moof(traf(tfhd(), trun(0, 2))), box("free", b"abcdef")),
        (moof(traf(tfhd(), trun(0, 2))), box("mdat", b"abcdef")[:-1]),
        (moof(traf(tfhd(), trun(0, 2)), traf(tfhd(), trun(1, 2, 3))), box("mdat", b"x" * 12)),
    ],
)
def test_media_that_is_not_the_moofs_is_refused(head: bytes, media: bytes) -> None:
    with pytest.raises(EncoderError):
        separate(head, media, TREX)


def test_media_data_with_a_large_size_field() -> None:
    data = u32(1) + b"mdat" + (19).to_bytes(8, "big") + b"abc"
    assert bytes(media_data(data)) == b"abc"
    head = moof(traf(tfhd(), trun(0, 1)))
    ((_, _, parts),) = separate(head, data, TREX)
    assert samples(parts) == [b"abc"]


def test_media_that_is_not_joined_means_the_same() -> None:
    head, media = next(iter(pairs(BODIES[0])))
    parts = tuple(media[at : at + 100] for at in range(0, len(media), 100))
    ((track_id, meaning, data),) = separate(head, Media(8, parts), {})
    assert data == (head, *parts)
    assert [(track_id, meaning)] == [item[:2] for item in separate(head, media, {})]
    head = moof(
        traf(tfhd(1, 0x20000), trun(0x201, 1, 300, 2)),
        traf(tfhd(2, 0x20000), trun(0x201, 1, 302, 1)),
    )
    media = box("mdat", b"AAb")
    items = separate(head, Media(8, (media[:9], media[9:])), TREX)
    assert items == separate(head, media, TREX)
    assert [samples(data) for _, _, data in items] == [[b"AA"], [b"b"]]
