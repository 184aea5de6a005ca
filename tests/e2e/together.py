"""Stories that wait for real time to pass are told side by side, each in a thread of its own.

A test asks for the end of its story; what went wrong in one fails that test, and no other.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


AT_ONCE = 3
"""Stories that are told at a time: each starts relays, which takes a second of a processor each."""


def together(stories: Mapping[str, Callable[[], T]]) -> Mapping[str, "Future[T]"]:
    """Tell all of them, some at a time, and return when the last one is over."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {name: pool.submit(story) for name, story in stories.items()}
