"""A fragment under other marks: what differs, and that nothing else does."""

import pytest

from relay.errors import FragmentInvalid
from relay.media import SampleDefaults
from relay.mp4.fragment import layout, parse_moof
from relay.mp4.grammar import SAIO
from relay.mp4.restamp import Marks, restamp
from relay.mp4.smooth import Tfxd
from tests.mp4.recorded import BODIES, box, moof, pairs, tfhd, tfxd, traf, trun, u32


def test_restamped_only_number_and_track_differ() -> None:
    (head, media) = next(pairs("ff9-av/req001.body"))
    changed = restamp(head, 2**32 + 7, 99)
    fragment = parse_moof(changed)
    assert (fragment.sequence_number, fragment.tracks[0].track_id) == (7, 99)
    assert restamp(changed, 1, 1) == head
    assert sum(a != b for a, b in zip(head, changed, strict=True)) == 2
    assert layout(fragment, len(media) - 8)


def test_only_a_moof_of_one_track_is_restamped() -> None:
    with pytest.raises(FragmentInvalid):
        restamp(moof(traf(tfhd()), traf(tfhd(2))), 1, 1)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("width", [32, 64])
def test_an_index_is_stamped_and_the_samples_are_found_where_they_are(
    name: str, width: int
) -> None:
    head, media = next(pairs(name))
    (before,) = parse_moof(head).tracks
    changed = restamp(head, 5, 7, Marks(shift=100, index=932_000_001, width=width))
    (after,) = parse_moof(changed).tracks
    assert before.tfxd is not None
    time, duration = before.tfxd.time + 100, before.tfxd.duration
    assert after.tfxd == Tfxd(time, duration, 932_000_001, 2)
    assert after.samples == before.samples
    assert before.data_offset is not None
    assert after.data_offset == before.data_offset + len(changed) - len(head)
    assert len(changed) - len(head) == width // 8
    assert [atom.type for atom in after.atoms] == [atom.type for atom in before.atoms]
    assert layout(parse_moof(changed), len(media) - 8)


def test_a_shift_moves_tfxd_and_tfdt_and_keeps_the_index_that_came() -> None:
    tfdt = box("tfdt", u32(0, 1000))
    head = moof(traf(tfhd(), tfdt, tfxd(40, 20, 2, u32(9)), trun(0, 2)))
    (track,) = parse_moof(restamp(head, 1, 1, Marks(shift=1 << 40))).tracks
    assert track.tfdt == (1 << 40) + 1000
    assert track.tfxd == Tfxd((1 << 40) + 40, 20, 9, 2)
    assert restamp(head, 1, 1) == restamp(head, 1, 1, Marks())


def test_offsets_of_auxiliary_information_move_along() -> None:
    saio = box("saio", u32(0, 1, 300))
    head = moof(traf(tfhd(), trun(0, 2), saio, tfxd(1, 1)))
    changed = restamp(head, 1, 1, Marks(index=1))
    place = next(atom for atom in parse_moof(changed).tracks[0].atoms if atom.type == "saio")
    (offset,) = SAIO.parse(changed[place.body : place.end]).offsets
    assert offset == 300 + len(changed) - len(head)


def test_what_is_unsaid_does_not_become_what_the_streams_trex_says() -> None:
    head = moof(traf(tfhd(), trun(0, 2), tfxd(1, 1)))
    (before,) = parse_moof(head).tracks
    stream = SampleDefaults(10, 3, 0x10000)
    assert parse_moof(head, {1: stream}).tracks[0].samples != before.samples
    changed = restamp(head, 1, 1, Marks(defaults=stream))
    assert parse_moof(changed, {1: stream}).tracks[0].samples == before.samples
    full = next(pairs("ff9-av/req001.body"))[0]
    assert len(restamp(full, 1, 1, Marks(defaults=SampleDefaults(10, 3)))) == len(full)


def test_a_time_beyond_64_bits_is_refused() -> None:
    with pytest.raises(FragmentInvalid):
        restamp(moof(traf(tfhd(), trun(0, 2), tfxd(1, 1))), 1, 1, Marks(shift=1 << 63))


@pytest.mark.requirement("FMT-3a", role="client")
@pytest.mark.parametrize("index", [None, 932_000_001])
def test_a_fragment_without_tfxd_gets_one_that_says_when_it_is_shown(index: int | None) -> None:
    tfdt = box("tfdt", u32(0x01000000, 0, 1000))
    head = moof(traf(tfhd(), tfdt, trun(0xB01, 2, 0, 30, 4, 7, 50, 4, 9)))
    (track,) = parse_moof(restamp(head, 1, 1, Marks(shift=500, index=index))).tracks
    assert track.tfxd == Tfxd(1507, 80, index, 1 if index is None else 2)
    assert track.tfdt == 1500
    assert track.data_offset == (44 if index is None else 48)
    assert track.decode_time == 1500
    again = restamp(head, 1, 1)
    assert restamp(again, 1, 1) == again
