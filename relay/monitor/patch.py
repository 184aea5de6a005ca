"""The difference of two boards, as a JSON merge patch (RFC 7396).

A board is nested objects of numbers, words and truth values; it never holds null, which in a patch
means "take it away", and no lists, which a patch could only replace whole. So for all boards
`apply(a, diff(a, b))` is b, and the page needs ten lines to follow.
"""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


def diff(before: Json, after: Json) -> dict[str, Any]:
    """What turns `before` into `after`; empty when they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        known = before.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            changed = diff(known, value)
            if changed:
                patch[name] = changed
        elif name not in before or known != value or type(known) is not type(value):
            patch[name] = value
    return patch


def apply(before: Json, patch: Json) -> dict[str, Any]:
    """`before` as the patch changes it (RFC 7396 section 2, for objects)."""
    after = {name: value for name, value in before.items() if name not in patch}
    for name, value in patch.items():
        if isinstance(value, Mapping):
            known = before.get(name)
            after[name] = apply(known if isinstance(known, Mapping) else {}, value)
        elif value is not None:
            after[name] = value
    return after
