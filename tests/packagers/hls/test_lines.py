"""The fold: whatever happened on the way, the lines are those of the window as it is."""

import zlib
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from packagers import hls
from packagers.hls.lines import CHUNK, Lines, follow
from relay.media import Copy, Entry, Gap
from relay.numbering import Grid
from relay.presentation import Presentation, Rendition, configure, fold, register
from tests.packagers.presentations import FIRST, video

TRACK = video()
WIDER = replace(TRACK, width=1920, height=1080)
D = Fraction(48, 25)
TICKS = 172_800


def started(window: int = 120, *, epoch: int = 0) -> Presentation:
    empty = Presentation("news", Grid(D), Fraction(window), epoch=epoch)
    return register(empty, TRACK, 2_000_000)


def shown(presentation: Presentation) -> Rendition:
    (rendition,) = presentation.renditions
    return rendition


def entry(index: int, *, run: int = 0, gap: bool = False, broken: bool = False) -> Entry:
    time = index * TICKS
    if gap:
        return Entry(Gap(TRACK.name, run, index, time, TICKS, 0), discontinuity=broken)
    copy = Copy(TRACK.name, run, index, time, TICKS, 48, "a", 1_795_000_000_000, 7)
    return Entry(copy, discontinuity=broken)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["copy", "gap", "broken", "run", "change", "late", "jump", "reset", "regrid"]
        ),
        st.integers(1, 3) | st.integers(1, 90),
        st.integers(0, 3),
    ),
    max_size=20,
)


@given(STEPS, st.sampled_from([20, 120, 600]), st.integers(0, 2 * CHUNK))
def test_folded_lines_are_those_made_from_the_window(
    steps: list[tuple[str, int, int]], window: int, offset: int
) -> None:
    presentation, index, run = started(window), FIRST + offset, 0
    lines: Lines | None = None
    for what, count, looked in steps:
        broken = False
        if what == "reset":
            presentation, index, run = started(window), FIRST + offset, 0
        elif what == "regrid":
            presentation = replace(presentation, epoch=presentation.epoch + 1)
        elif what == "jump":
            index += 500
        elif what == "run":
            run, broken = run + 1, True
            presentation = replace(presentation, epochs=(*presentation.epochs, run))
        elif what in ("change", "late"):  # late: some of what it changes was shown already
            track = WIDER if shown(presentation).track == TRACK else TRACK
            start = index - 2 * (what == "late")
            presentation, broken = configure(presentation, track, start), True
        for at in range(count):
            broken = (broken and at == 0) or what == "broken"
            presentation = fold(
                presentation, entry(index, run=run, gap=what == "gap", broken=broken)
            )
            index += 1
        if looked:
            lines = follow(lines, presentation, shown(presentation))
            agrees(lines, presentation)


def agrees(lines: Lines, presentation: Presentation) -> None:
    rendition = shown(presentation)
    fresh = follow(None, presentation, rendition)
    for skip in ("", "YES"):
        folded = hls.media(presentation, rendition, lines=lines, skip=skip)
        made = hls.media(presentation, rendition, lines=fresh, skip=skip)
        assert folded.text == made.text
        assert folded.tag == made.tag
        assert b"".join(folded.gzip) == b"".join(made.gzip)
        assert zlib.decompress(b"".join(folded.gzip), wbits=31) == folded.text.encode()
    numbers = [f"{segment.index}.m4s" for segment in rendition.segments]
    text = hls.media(presentation, rendition, lines=lines).text
    assert [said for said in text.splitlines() if said.endswith(".m4s")] == numbers
    assert lines.gaps == text.count("#EXT-X-GAP\n")
    for count in {1, len(numbers) // 2, len(numbers) - 1} & {*range(1, len(numbers))}:
        assert text.encode().endswith(lines.tail(count))
        assert lines.tail(count).count(b".m4s\n") == count


def test_the_validator_tells_a_hole_in_the_middle() -> None:
    """Same first, same last, same head: only one line differs."""
    one = two = started()
    for at in range(9):
        one = fold(one, entry(FIRST + at))
        two = fold(two, entry(FIRST + at, broken=at == 4))
    texts = [hls.media(p, shown(p)) for p in (one, two)]
    assert texts[0].head == texts[1].head
    assert texts[0].tag != texts[1].tag


def test_a_new_segment_makes_no_old_line_anew() -> None:
    presentation = started(600)
    for at in range(5 * CHUNK):
        presentation = fold(presentation, entry(FIRST + at))
    before = follow(None, presentation, shown(presentation))
    presentation = fold(presentation, entry(FIRST + 5 * CHUNK))
    after = follow(before, presentation, shown(presentation))
    assert len(before.chunks) >= 4
    assert all(a is b for a, b in zip(before.chunks, after.chunks, strict=True))
    assert all(a is b for a, b in zip(before.deflated, after.deflated, strict=True))
    assert after.first == before.first + 1


def test_a_window_that_begins_at_a_change_says_its_init_once() -> None:
    """As a relay does that came later, and never had the configuration before it."""
    change = FIRST + 15
    old, late = started(20), replace(register(started(20), WIDER, 2_000_000), breaks=(change,))
    lines: Lines | None = None
    for index in range(FIRST, FIRST + 60):
        old = configure(old, WIDER, change) if index == change else old
        old = fold(old, entry(index, broken=index == change))
        late = fold(late, entry(index, broken=index == change)) if index >= change else late
        lines = follow(lines, old, shown(old))
        if shown(old).segments[0].index >= change:
            text = hls.media(old, shown(old), lines=lines).text
            assert text == hls.media(late, shown(late)).text
            assert text.count("#EXT-X-MAP:") == 1
