"""What whoever runs the relay adds to its admin port: routes, and a part of the board.

So a program around the relay (the demo is one) has a place on the page, at the page's own origin,
and the relay need not know what it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Annex:
    """`name`: the key of its part of the board; `facts`: that part, plain values as in `board`."""

    name: str
    routes: Sequence[Route]
    facts: Callable[[], Mapping[str, Any]]
