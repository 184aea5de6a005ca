import pytest

from relay.errors import BoxInvalid
from relay.mp4.walk import Budget, box_at, children, first
from tests.mp4.recorded import box, u32


def test_children_lie_where_they_say() -> None:
    uuid = bytes(range(16))
    data = box("free", b"abc") + box("uuid", uuid, b"de") + u32(1) + b"mdat" + bytes(7) + b"\x11f"
    atoms = children(data, 0, len(data), Budget(3))
    assert [(a.type, data[a.body : a.end], a.uuid) for a in atoms] == [
        ("free", b"abc", b""),
        ("uuid", b"de", uuid),
        ("mdat", b"f", b""),
    ]
    assert first(atoms, "mdat") == atoms[2]
    assert first(atoms, "moof") is None


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",
        u32(0) + b"free",
        u32(7) + b"free",
        u32(9) + b"free",
        u32(0xFFFFFFFF) + b"free",
        u32(1) + b"free",
        u32(1) + b"free" + bytes(8),
        u32(1) + b"free" + b"\xff" * 8,
        u32(23) + b"uuid" + bytes(15),
        u32(12) + b"uuid" + bytes(4),
        box("free") + b"\0",
    ],
    ids=bytes.hex,
)
def test_boxes_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(BoxInvalid):
        children(data, 0, len(data), Budget(10))


@pytest.mark.threat("T08")
def test_a_box_may_not_pass_its_parent() -> None:
    data = box("free", bytes(8))
    assert box_at(data, 0, 16).end == 16
    with pytest.raises(BoxInvalid):
        box_at(data, 0, 15)


def test_the_budget_is_spent_over_all_levels() -> None:
    budget = Budget(5)
    data = box("free") * 3
    children(data, 0, len(data), budget)
    with pytest.raises(BoxInvalid):
        children(data, 0, len(data), budget)
