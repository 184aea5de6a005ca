"""A stream that changes on its way: other headers, late fills, events among the pictures."""

from dataclasses import replace

import pytest

from relay.headers import Change
from relay.media import Header, HeaderTrack, Pin
from relay.presentation import configure, register
from relay.uplink.catalogue import Catalogue
from relay.uplink.cursor import IN_DOUBT
from relay.uplink.stamp import Stamps
from relay.uplink.steps import Fetch, Finish, Open, Probe, Step, Wait
from relay.uplink.uplink import Uplink
from tests import door
from tests.uplink.world import (
    CELL,
    FIRST,
    LATER,
    OK,
    Receiver,
    World,
    fragment,
    grown,
    live,
    made_for,
    media,
    names,
    opened,
    pumped,
    sent,
)


def other(header: Header, mark: bytes, **said: object) -> Header:
    """Another header of the stream: its tracks differ in what is said."""
    tracks = tuple(
        HeaderTrack(told.track_id, replace(told.track, **said), told.defaults)  # type: ignore[arg-type]
        for told in header.tracks
    )
    return Header(header.data.replace(b"isml", mark, 1), tracks)


def changed(world: World, made: Uplink, start: int) -> Header:
    """From `start` on the tracks are configured otherwise."""
    header = other(world.header, b"ISML", codecs="other")
    for told in header.tracks:
        world.shown = configure(world.shown, told.track, start)
    made.supply.add(header)
    return header


def headed(made: Uplink, world: World, header: Header, now: int) -> tuple[list[str], Step]:
    """One POST under this header: what it holds, and why it stops."""
    assert made.step(now) == Probe()
    made.probed(OK, now)
    assert made.step(now) == Open()
    body, step, _ = pumped(made, world, now, now + 60_000)
    assert body.startswith(header.data)
    world = World(header)
    return [media(found) for found in Receiver(world).read(body)], step


def test_another_configuration_goes_up_behind_its_own_header_and_nothing_is_resent() -> None:
    world = grown(3)
    made = made_for(world)
    header = changed(world, made, FIRST + 3)
    for index in range(FIRST + 3, FIRST + 5):
        world.grow(index)
    made.see(world.shown)
    found, step = headed(made, world, world.header, 0)
    assert found == names(world, FIRST, FIRST + 1, FIRST + 2)
    assert step == Finish()
    made.closed(OK, 100, made.handed)
    assert made.standing.retries == 0
    found, step = headed(made, world, header, 200)
    assert found == names(world, FIRST + 3, FIRST + 4)
    made.closed(None, LATER, made.handed)
    found, _ = headed(made, world, header, LATER + IN_DOUBT * 10)
    assert found == names(world, FIRST + 3, FIRST + 4), "back behind the change"


def test_a_change_whose_first_post_fails_is_taken_up_again_without_a_hole() -> None:
    world = grown(3)
    made = made_for(world)
    header = changed(world, made, FIRST + 3)
    world.grow(FIRST + 3)
    made.see(world.shown)
    headed(made, world, world.header, 0)
    made.closed(OK, 100, made.handed)
    headed(made, world, header, 200)
    made.closed(None, 300, 0)
    # The last two of the old configuration again, since the new one was never taken.
    found, step = headed(made, world, world.header, LATER)
    assert found[-2:] == names(world, FIRST + 2)
    assert step == Finish()
    made.closed(OK, LATER + 100, made.handed)
    found, _ = headed(made, world, header, LATER + 200)
    assert found == names(world, FIRST + 3)


def test_a_track_that_changed_on_another_stream_waits_for_a_header_of_this_one() -> None:
    world = grown(2)
    made = made_for(world)
    told = world.header.tracks[1]
    world.shown = configure(world.shown, replace(told.track, codecs="other"), FIRST + 2)
    world.grow(FIRST + 2)
    made.see(world.shown)
    opened(made, 0)
    found, _ = sent(made, world, 0)
    assert found == [*names(world, FIRST, FIRST + 1), f"{world.names[0]}/{FIRST + 2}"]
    assert made.standing.lost == 0


def test_one_more_track_goes_up_with_the_header_that_names_it() -> None:
    whole = World()
    first = Header(whole.header.data.replace(b"isml", b"ISML", 1), whole.header.tracks[:1])
    world = World(first)
    made = Uplink(Stamps.of(first))
    world.grow(FIRST)
    made.see(world.shown)
    opened(made, 0)
    _, now = live(made, world, 0)
    made.supply.add(whole.header)
    world.header = whole.header
    world.shown = register(world.shown, whole.header.tracks[1].track, 1000)
    world.grow(FIRST + 1)
    made.see(world.shown)
    _, step, now = pumped(made, world, now, now)
    assert step == Finish()
    made.closed(OK, now, made.handed)
    found, _ = headed(made, world, whole.header, now)
    assert found == names(world, FIRST + 1)


def test_a_late_fill_goes_up_where_the_line_has_not_passed_it() -> None:
    world = World()
    filled: set[int] = set()
    made = Uplink(Stamps.of(world.header), filled=lambda track, run, index: index in filled)
    world.grow(FIRST)
    world.grow(FIRST + 1, gap=True)
    world.grow(FIRST + 2)
    made.see(world.shown)
    for name in world.names:
        data = fragment(9, 2 * (FIRST + 1), 1, f"{name}/{FIRST + 1}".encode())
        world.stored[Fetch(name, 0, FIRST + 1)] = data
    filled.add(FIRST + 1)
    opened(made, 0)
    body, now = live(made, world, 0)
    found = [media(one) for one in Receiver(world).read(body)]
    assert found == names(world, FIRST, FIRST + 1, FIRST + 2)
    world.grow(FIRST + 3, gap=True)
    world.grow(FIRST + 4)
    made.see(world.shown)
    more, _ = live(made, world, now)
    filled.add(FIRST + 3)  # too late
    assert [media(one) for one in Receiver(world).read(body + more)][6:] == names(world, FIRST + 4)


@pytest.mark.requirement("STREAM-3a", role="client")
def test_events_in_a_stream_of_pictures_go_behind_what_they_belong_to() -> None:
    plain = World()
    cues = replace(plain.header.tracks[1].track, parent="video")
    told = (plain.header.tracks[0], HeaderTrack(2, cues))
    world = World(Header(plain.header.data, told))
    video = world.names[0]
    for index in range(FIRST, FIRST + 3):
        world.grow(index, only=video)
    world.event(cues.name, 0, FIRST + 1, 77)
    made = made_for(world)
    opened(made, 0)
    body, step, now = pumped(made, world, 0, CELL)
    found = [media(one) for one in Receiver(world).read(body)]
    event = f"{cues.name}/{FIRST + 1}"
    assert found == [f"{video}/{FIRST}", f"{video}/{FIRST + 1}", event, f"{video}/{FIRST + 2}"]
    made.acknowledged(len(body), now)
    assert (made.standing.sent, made.standing.backlog) == (4, 0)
    assert isinstance(step, Wait)
    made.closed(None, now + IN_DOUBT + 1, len(body))
    opened(made, LATER)
    assert event not in sent(made, world, LATER)[0]


def test_an_event_in_doubt_goes_up_again() -> None:
    plain = World()
    cues = replace(plain.header.tracks[1].track, parent="video")
    world = World(Header(plain.header.data, (plain.header.tracks[0], HeaderTrack(2, cues))))
    world.grow(FIRST, only=world.names[0])
    world.event(cues.name, 0, FIRST, 77)
    made = made_for(world)
    opened(made, 0)
    body, _, now = pumped(made, world, 0, 0)
    made.acknowledged(len(body), now)
    made.closed(None, now + 10, len(body))
    opened(made, now + IN_DOUBT)
    assert len(sent(made, world, now + IN_DOUBT)[0]) == 2


def pin(name: str, header: Header) -> Pin:
    return Pin(name, header.data)


def test_the_catalogue_follows_the_pins() -> None:
    whole = World().header
    video = door.told("main", door.header(door.VIDEO))[0]
    assert isinstance(video, Header)
    catalogue = Catalogue()
    assert not catalogue.take(Pin("grid", b""))
    assert catalogue.take(pin("header/main", whole))
    assert catalogue.take(pin("header/main", whole))
    assert catalogue.take(pin("header/b", video))
    assert [course.headers for course in catalogue.courses.values()] == [[whole], [video]]
    catalogue.take(pin("header/main/0123abcd", video))
    (_, _, beside) = catalogue.courses.values()
    assert (beside.stream, beside.headers) == ("main", [video])
    catalogue.take(Change(1, FIRST, "b", whole.data).pin())
    assert catalogue.courses["b"].headers == [video, whole]
