"""What one relay says of how it numbers, and what another one believes of it."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packagers import pins
from relay.headers import Change
from relay.media import Pin
from relay.numbering import Grid
from relay.presentation import Presentation
from relay.runs import Run
from relay.view import View
from tests.door import header
from tests.pieces import GRID

RUNS = [Run(1, 100, 100, 1_795_000_000), Run(2, 90, 210, 1_795_000_300)]
CHANGE = Change(1, 300, "main", header())
PINS = [
    *(Pin(f"run/{n}", run.pin().value) for n, run in enumerate(RUNS, 1)),
    CHANGE.pin(),
    Pin("bandwidth/audio-0-12ab34", b"64000"),
    Pin("grid", GRID.encode()),
]
OWN = [Pin("header/main", header()), Pin("begin/video-150000", b"7"), Pin("peer", b"http://x")]


def shown(*members: Pin) -> Presentation:
    view = View(Presentation("news", Grid(Fraction(2)), Fraction(120)), patience=1500)
    view.replay(members, 0)
    return view.presentation


def said(**facts: object) -> bytes:
    listed = [{"name": name, "value": value} for name, value in facts.items()]
    return json.dumps({"channel": "news", "pins": listed}).encode()


def text(pin: Pin) -> str:
    return pin.value.decode()


def changed(pin: Pin, **facts: object) -> str:
    return json.dumps({**json.loads(pin.value), **facts})


GRID_PIN = PINS[-1]
PLAIN = {"grid": text(GRID_PIN)}


def test_what_was_said_is_understood_the_grid_last() -> None:
    assert pins.read(pins.document(shown(*OWN, *reversed(PINS[2:]), *PINS[:2]))) == PINS


def test_a_relay_with_these_pins_numbers_and_dates_alike() -> None:
    """However they lie in its store; and its own header comes after them."""
    one = shown(OWN[0], PINS[-1], *PINS[:-1])
    two = shown(*pins.read(pins.document(one)), OWN[0])
    for name in ("grid", "epoch", "epochs", "breaks", "changes"):
        assert getattr(two, name) == getattr(one, name)
    assert [r.track for r in two.renditions] == [r.track for r in one.renditions]


def test_a_bandwidth_that_was_taken_counts_when_its_track_comes() -> None:
    (track,) = shown(OWN[0]).renditions
    name = track.name
    zero = header().replace(b'"systemBitrate" value="150000"', b'"systemBitrate" value="000000"')
    zero = zero.replace(b'systemBitrate="150000"', b'systemBitrate="000000"')
    (bare,) = shown(Pin("header/main", zero)).renditions
    assert (track.bandwidth, bare.bandwidth) == (150_000, 0)
    assert bare.name != name
    (found,) = shown(Pin(f"bandwidth/{bare.name}", b"77"), Pin("header/main", zero)).renditions
    assert found.bandwidth == 77


def test_nothing_is_said_before_there_is_a_grid() -> None:
    for members in ([], OWN, [*OWN, *PINS[:-1]]):
        assert json.loads(pins.document(shown(*members))) == {"channel": "news", "pins": []}
        assert pins.read(pins.document(shown(*members))) == []


def test_what_is_not_known_here_is_left_out() -> None:
    facts = {
        **PLAIN,
        "colour/1": "red",
        "header/x": "y",
        "peer": "z",
        "begin/a-1": "1",
        "run/x": "",
    }
    assert pins.read(said(**facts)) == [GRID_PIN]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"pins": 5}',
        b'{"pins": [5]}',
        b'{"pins": [{"name": "grid"}]}',
        b"\xff",
        b"[" * 100_000,
        b" " * (pins.LARGEST + 1),
        b'{"pins": [{"name": "grid", "value": "{}"}, {"name": "grid", "value": "{}"}]}',
    ],
)
def test_bodies_that_are_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        pins.read(body)


@pytest.mark.parametrize(
    "facts",
    [
        {"grid": 5},
        {"grid": ""},
        {"grid": "[]"},
        {"grid": "é"},
        {"grid": " " * 2_000},
        {"grid": changed(GRID_PIN, D="0")},
        {"grid": changed(GRID_PIN, D="61")},
        {"grid": changed(GRID_PIN, D="1e999999")},
        {"grid": changed(GRID_PIN, D="1/0")},
        {"grid": changed(GRID_PIN, D=2)},
        {"grid": changed(GRID_PIN, phase="2")},
        {"grid": changed(GRID_PIN, phase="-1")},
        {"grid": changed(GRID_PIN, base=2)},
        {"grid": changed(GRID_PIN, base=True)},
        {"grid": changed(GRID_PIN, epoch=1 << 40)},
        {"grid": changed(GRID_PIN, epoch=0.5)},
        {**PLAIN, "bandwidth/a-1": "0"},
        {**PLAIN, "bandwidth/a-1": "1e9"},
        {**PLAIN, "bandwidth/a-1": "9" * 13},
        {**PLAIN, "run/2": text(PINS[0])},
        {**PLAIN, "run/1": "{}"},
        {**PLAIN, "run/1": "[]"},
        {**PLAIN, "run/1": '"x"'},
        {**PLAIN, "run/1": changed(PINS[0], start=1 << 32)},
        {**PLAIN, "run/1": changed(PINS[0], start=-1)},
        {**PLAIN, "run/1": changed(PINS[0], start=1e999)},
        {**PLAIN, "run/1": changed(PINS[0], offset=1 << 33)},
        {**PLAIN, "run/1": changed(PINS[0], epoch=1 << 40)},
        {**PLAIN, "run/1": text(PINS[1]), "run/2": text(PINS[0])},
        {**PLAIN, "change/2": text(PINS[2])},
        {**PLAIN, "change/1": "{}"},
        {**PLAIN, "change/1": changed(PINS[2], start=1 << 32)},
        {**PLAIN, "change/1": changed(PINS[2], stream="../x")},
        {**PLAIN, "change/1": changed(PINS[2], header="?")},
        {**PLAIN, "change/1": changed(PINS[2], header=base64.b64encode(b"no header").decode())},
        {**PLAIN, "change/1": changed(PINS[2], more=" " * pins.LONGEST_CHANGE)},
        {**PLAIN, **{f"bandwidth/a-{n}": "5" for n in range(pins.MOST_BANDWIDTHS + 1)}},
    ],
)
def test_facts_that_are_none(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        pins.read(said(**facts))


@given(st.binary(max_size=200))
def test_any_bytes_are_pins_or_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        assert pins.read(body) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.sampled_from(["D", "phase", "base", "epoch", "start", "header"]), inside
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["grid", "run/1", "change/1", "bandwidth/a-1"]), JSON)
def test_any_json_in_a_fact_is_understood_or_a_value_error(name: str, value: object) -> None:
    facts = {**PLAIN, name: json.dumps(value)}
    try:
        found = pins.read(said(**facts))
    except ValueError:
        return
    shown(*found)  # the store's reader agrees


def test_a_grid_is_what_it_was() -> None:
    odd = replace(GRID, D=Fraction(1001, 500), phase=Fraction(1, 7), base=1, epoch=-5, learnt=True)
    (found,) = pins.read(pins.document(shown(Pin("grid", odd.encode()))))
    assert Grid.decode(found.value) == odd
