import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.mp4.dump import Node, as_text, to_json, tree
from relay.mp4.vocabulary import EXTENDED, HEADS, LEAVES
from tests.mp4.recorded import BODIES, box, boxes, moof, pairs, tfhd, tfxd, traf, trun, u32
from tests.mp4.test_damage import CHANGES, MOOVS, SEEDS, mutated


def walk(nodes: list[Node]) -> list[Node]:
    return [node for one in nodes for node in (one, *walk(one.children))]


@pytest.mark.parametrize("name", BODIES)
def test_every_box_of_a_capture_is_known_and_whole(name: str) -> None:
    nodes = tree(b"".join(one.data for one in boxes(name)))
    assert [node.type for node in nodes] == [one.type for one in boxes(name)]
    every = walk(nodes)
    broken = {node.type for node in every if node.error}
    assert broken == ({"avc1", "avcC"} if "fifo" in name else set())
    strange = {node.type for node in every if not node.fields and not node.children}
    assert strange <= {"mdat", "mfra", "ilst", "fiel", "avcC"}
    described = {str(node.fields["codecs"])[:4] for node in every if "codecs" in node.fields}
    assert "fifo" in name or described <= {"avc1", "hvc1", "mp4a", "ac-3"}
    parsed = json.loads(to_json(nodes))
    assert len(parsed) == len(nodes)
    assert "uuid LiveServerManifest  " in as_text(nodes)


def test_a_fragment_in_full() -> None:
    fragment = moof(
        traf(tfxd(-5, 7, 2), tfhd(3, 0x20, 0x10000), trun(0xB01, 1, 20, 6, 4, -2, version=1))
    )
    (node,) = tree(fragment)
    fields = {child.name or child.type: child.fields for child in walk([node])}
    assert fields["mfhd"] == {"version": 0, "flags": 0, "sequence_number": 1}
    assert fields["tfxd"] == {
        "version": 2,
        "flags": 0,
        "fragment_absolute_time": -5,
        "fragment_duration": 7,
        "more": b"",
    }
    assert fields["tfhd"]["default_sample_flags"] == 0x10000
    sample = {"duration": 6, "size": 4, "composition_time_offset": -2}
    assert fields["trun"]["samples"] == [sample]
    assert as_text([node]).splitlines() == [
        f"moof  {len(fragment)} @0",
        "  mfhd  16 @8  sequence_number=1",
        f"  traf  {len(fragment) - 24} @24",
        "    uuid tfxd  44 @32  version=2  fragment_absolute_time=-5  fragment_duration=7  more=-",
        "    tfhd  20 @76  flags=0x20  track_ID=3  default_sample_flags=0x10000",
        "    trun  32 @96  version=1  flags=0xb01  sample_count=1  data_offset=20",
        "      samples: duration=6 size=4 composition_time_offset=-2",
    ]


def test_text_shows_the_first_rows_and_json_all() -> None:
    nodes = tree(box("trun", u32(0x200, 30, *range(30))))
    assert "samples: and 22 more" in as_text(nodes)
    (told,) = json.loads(to_json(nodes))
    assert [row["size"] for row in told["fields"]["samples"]] == list(range(30))


@pytest.mark.parametrize(
    ("data", "types", "errors"),
    [
        (b"", [], []),
        (b"abc", ["????"], ["3 stray bytes stand where a box should be."]),
        (box("free") + u32(0) + b"mdat", ["free", "????"], ["Box 'mdat' states 0 bytes where"]),
        (box("tfdt", u32(0)) + box("free"), ["tfdt", "free"], ["its fields do not fit it"]),
        (box("trun", u32(0, 0xFFFFFFFF)), ["trun"], ["A trun of 8 bytes announces"]),
        (box("tfra", u32(0, 1, 0, 0xFFFFFFFF)), ["tfra"], ["its fields do not fit it"]),
        (box("stsz", u32(0, 0, 0xFFFFFFFF)), ["stsz"], ["its fields do not fit it"]),
        (box("ftyp", bytes(1 << 20)), ["ftyp"], ["too large to be shown"]),
        (box("avc1", bytes(20)), ["avc1"], ["its fields do not fit it"]),
        (box("xyz1", b"?"), ["xyz1"], []),
    ],
)
def test_damage_is_shown_where_it_is(data: bytes, types: list[str], errors: list[str]) -> None:
    nodes = tree(data)
    assert [node.type for node in nodes] == types
    found = [node.error for node in nodes if node.error]
    assert [one.startswith(error) for one, error in zip(found, errors, strict=True)] == (
        [True] * len(errors)
    )
    assert all(f"! {error}" in as_text(nodes) for error in found)


def test_nesting_ends_somewhere() -> None:
    data = b""
    for _ in range(5000):
        data = box("moof", data)
    assert [node.error for node in walk(tree(data))][
        -1
    ] == "boxes are nested too deeply to be shown"


def test_nothing_reaches_a_terminal_unescaped() -> None:
    evil = "\x1b]0;x\x07\u202e\n\x1b[31m"
    manifest = next(uuid for uuid, (name, _) in EXTENDED.items() if name == "LiveServerManifest")
    data = box("uuid", manifest, u32(0), evil.encode()) + box("\x1b[3m", b"")
    data += box("hdlr", bytes(24), evil.encode()) + box("ftyp", b"\x1b[0m" + bytes(4))
    assert all(line.isprintable() for line in as_text(tree(data)).splitlines())
    assert to_json(tree(data)).isascii()


@given(st.sampled_from([*SEEDS, *MOOVS]), CHANGES)
@settings(max_examples=200, deadline=None)
def test_it_never_fails(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    nodes = tree(mutated(seed, changes))
    assert sum(node.size for node in nodes) == len(seed)
    assert len(json.loads(to_json(nodes))) == len(nodes)
    assert as_text(nodes)


@pytest.mark.parametrize("kind", [*LEAVES, *HEADS])
@given(payload=st.binary(max_size=120))
@settings(max_examples=30, deadline=None)
def test_no_box_fails_on_any_payload(kind: str, payload: bytes) -> None:
    assert as_text(tree(box(kind, payload)))


@pytest.mark.parametrize("uuid", list(EXTENDED), ids=bytes.hex)
@given(payload=st.binary(max_size=80))
@settings(max_examples=30, deadline=None)
def test_no_extended_box_fails_on_any_payload(uuid: bytes, payload: bytes) -> None:
    assert as_text(tree(box("uuid", uuid, payload)))


def test_an_end_in_mid_box_is_shown() -> None:
    (head, media) = next(pairs("ff9-sigkill/req001.body"))
    assert tree(head + media[:100])[-1].error.startswith("Box 'mdat' states")
