"""Orders by standard input, while a push runs: a fault on a line, as `--fault` has them.

Whoever started the push types them, or writes them into a pipe (`relay demo` does). A line that is
no order is answered with what it should be, and changes nothing; the end of the input ends nothing.
"""

import asyncio
from collections.abc import Callable
from typing import IO, Any

from rich.console import Console

from relay.errors import OperatorError

LONGEST = 1_024
"""Bytes of a line."""


async def hear(source: IO[Any], take: Callable[[str], str], console: Console) -> None:
    """Take every line of `source`, and print `take`'s answer, or its OperatorError.

    Ends with the input.
    """
    reader = asyncio.StreamReader(limit=LONGEST)
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    except ValueError:  # a plain file: there is nobody to wait for
        console.print("  no orders: the input is neither a terminal nor a pipe", markup=False)
        return
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # longer than a line may be; the reader has thrown it away
            line = b"?"
        if not line:
            return
        text = line.decode(errors="replace").strip()
        if text:
            console.print(f"  {_answer(take, text)}", markup=False)


def _answer(take: Callable[[str], str], text: str) -> str:
    try:
        return take(text)
    except OperatorError as error:
        return " ".join(filter(None, (error.message, error.hint)))
