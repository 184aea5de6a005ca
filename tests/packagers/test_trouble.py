"""When players would be better off at another relay."""

from dataclasses import replace
from fractions import Fraction

import pytest

from packagers.trouble import live_edge, troubles
from relay.presentation import Presentation, Rendition
from tests.packagers.presentations import (
    DURATION,
    FIRST,
    audio,
    presentation,
    regular,
    rendition,
    video,
)

PATIENCE = Fraction(3, 2)
VIDEO, AUDIO = rendition(video()), rendition(audio())
SHOWN = presentation(VIDEO, AUDIO)
END = (FIRST + 5) * DURATION


def held(shown: Presentation, after: Fraction | float, *, connected: bool = True) -> list[str]:
    """What holds so many seconds after the last fragment came."""
    now = shown.updated + Fraction(after)
    return [*troubles(shown, now, PATIENCE, connected=connected)]


def holed(at: int) -> Rendition:
    segments = regular(VIDEO.track)
    segments[at] = replace(segments[at], gap=True, size=0)
    return rendition(VIDEO.track, segments)


def test_a_channel_that_goes_on_is_in_no_trouble() -> None:
    assert held(SHOWN, 0) == []
    assert held(SHOWN, DURATION + PATIENCE) == []


def test_nothing_new_for_two_fragments_is_stale() -> None:
    late = 2 * DURATION + PATIENCE
    assert held(SHOWN, late) == []
    assert held(SHOWN, late + Fraction(1, 1000)) == ["stale"]


@pytest.mark.parametrize(("behind", "stale"), [(0, False), (2, False), (3, True), (31, True)])
def test_a_rendition_that_lags_is_stale(behind: int, stale: bool) -> None:
    ahead = rendition(AUDIO.track, regular(AUDIO.track, FIRST + behind))
    assert held(presentation(VIDEO, ahead), 0) == (["stale"] if stale else [])


def test_a_rendition_that_was_given_up_is_no_reason() -> None:
    """Else every relay of the channel would send players on until it has left the window."""
    ahead = rendition(AUDIO.track, regular(AUDIO.track, FIRST + 32))
    assert held(presentation(VIDEO, ahead), 0) == []


@pytest.mark.parametrize(("at", "gap"), [(0, False), (1, False), (2, True), (4, True)])
def test_a_hole_counts_where_players_begin(at: int, gap: bool) -> None:
    assert held(presentation(holed(at), AUDIO), 0) == (["gap"] if gap else [])


def test_an_encoder_that_reconnects_is_not_gone() -> None:
    soon = DURATION + PATIENCE
    assert held(SHOWN, soon, connected=False) == []
    assert held(SHOWN, soon + Fraction(1, 1000), connected=False) == ["no_source"]
    assert held(SHOWN, 60, connected=False) == ["stale", "no_source"]


def test_what_has_nothing_to_play_is_in_no_trouble() -> None:
    assert held(presentation(), 10**6, connected=False) == []
    assert live_edge(presentation()) is None


def test_the_live_edge_is_where_the_furthest_ends() -> None:
    assert live_edge(SHOWN) == END
    assert live_edge(replace(SHOWN, epoch=7)) == END + 7
