"""What is written into the headers of a message is read from them again."""

from hypothesis import given
from hypothesis import strategies as st

from relay.media import Copy, Gap, Member, Pin
from relay.store.jetstream import subjects
from relay.store.jetstream.subjects import Said, Subjects
from relay.store.shelf import key_of

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
INDEXES = st.integers(-10, 2**32)
TICKS = st.integers(-(2**62), 2**62)
SIZES = st.integers(0, 2**40)
COPIES = st.builds(
    Copy,
    NAMES,
    st.integers(0, 9),
    INDEXES,
    TICKS,
    SIZES,
    SIZES,
    st.from_regex(r"[A-Za-z0-9._:-]{1,64}", fullmatch=True),
    SIZES,
    SIZES,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
GAPS = st.builds(Gap, NAMES, st.integers(0, 9), INDEXES, TICKS, SIZES, SIZES)
PINS = st.builds(Pin, NAMES, st.binary(max_size=300))
MEMBERS: st.SearchStrategy[Member] = st.one_of(COPIES, GAPS, PINS)


@given(MEMBERS, st.integers(0, 99), st.integers(0, 2**32 - 1), NAMES)
def test_a_member_comes_back_as_it_was(
    member: Member, generation: int, crc: int, channel: str
) -> None:
    names = Subjects("relay", channel)
    headers = {**subjects.facts(member, crc), subjects.ID: "x-1"}
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    subject = names.of(member, generation)
    assert subject.isascii()
    assert " " not in subject
    assert "" not in subject.split(".")
    known = 0 if isinstance(member, Gap | Pin) else crc
    assert names.read(subject, headers, 7) == Said(7, generation, member, known, "x-1")


@given(MEMBERS, MEMBERS)
def test_equal_keys_and_only_those_have_one_subject(one: Member, other: Member) -> None:
    names = Subjects("relay", "news")
    same = names.of(one, 0) == names.of(other, 0)
    assert same is (key_of(one) == key_of(other))


@given(st.text(max_size=80), st.dictionaries(st.text(max_size=20), st.text(max_size=80)))
def test_nonsense_is_none_of_ours(subject: str, headers: dict[str, str]) -> None:
    assert Subjects("relay", "news").read(f"relay.news.{subject}", headers, 1) is None
