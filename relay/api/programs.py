"""Programs: parts of a channel that stay, under URLs of their own."""

import asyncio
import threading
from collections.abc import Generator, Iterator
from contextlib import closing

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from relay.api import shapes
from relay.api.desk import CHANGES, At, ChannelName, Desk, ProgramName
from relay.api.problems import changing, problems
from relay.api.shapes import Nothing, Recording
from relay.errors import (
    ChangeFailed,
    ControlConflict,
    EncoderError,
    OperatorError,
    PlayerError,
)
from relay.export import pieces
from relay.program import Program

router = APIRouter(tags=["programs"])
MOST_EXPORTS = 2
"""At a time: each reads as fast as it is read from."""
SECONDS = 30.0
"""For a segment, out of the store."""
_UNKNOWN = "There is no such channel, or it has no such program (`CONTROL_PROGRAM_UNKNOWN`)."
_STOPPED = "The channel is stopped (`CONTROL_STATE`)."
_exports = threading.BoundedSemaphore(MOST_EXPORTS)


@router.get("/channels/{channel}/programs", responses=problems(s404=_UNKNOWN, s409=_STOPPED))
async def list_programs(channel: ChannelName, desk: At) -> shapes.Programs:
    """All programs of a channel."""
    desk.running(channel)
    return shapes.Programs(programs=[_shown(each) for each in desk.programs.of(channel).values()])


@router.put(
    "/channels/{channel}/programs/{program}",
    dependencies=CHANGES,
    status_code=201,
    responses=changing(
        s404="There is no such channel (`CONTROL_CHANNEL_UNKNOWN`).",
        s409="The channel is stopped, or has had a program of this name (`CONTROL_STATE`).",
        s503="It has no store (`CONTROL_FAILED`).",
    ),
)
async def start_program(
    channel: ChannelName, program: ProgramName, body: Recording, desk: At
) -> shapes.Program:
    """Begin a program with the next fragment. Its name means one thing for ever."""
    return _shown(await desk.programs.start(desk.running(channel), program, body.window))


@router.post(
    "/channels/{channel}/programs/{program}/stop",
    dependencies=CHANGES,
    responses=changing(s404=_UNKNOWN, s409=_STOPPED),
)
async def stop_program(
    channel: ChannelName, program: ProgramName, _body: Nothing, desk: At
) -> shapes.Program:
    """End a program; it stays, under its URLs. Answered when it is whole."""
    return _shown(await desk.programs.stop(desk.running(channel), program))


@router.delete(
    "/channels/{channel}/programs/{program}",
    dependencies=CHANGES,
    responses=changing(
        s404=_UNKNOWN,
        s409="The channel is stopped, or the program still runs (`CONTROL_STATE`).",
        s503="Its store could not be deleted (`CONTROL_FAILED`).",
    ),
)
async def delete_program(channel: ChannelName, program: ProgramName, desk: At) -> shapes.Deleted:
    """Delete a program that has ended, with all that it has stored."""
    await desk.programs.delete(desk.running(channel), program)
    return shapes.Deleted(deleted=f"{channel}.{program}")


@router.get(
    "/channels/{channel}/programs/{program}/export",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": {"video/mp4": {}}},
        **problems(
            s404=_UNKNOWN,
            s409="There is nothing to export, or too much changes within (`CONTROL_STATE`).",
            s503=f"{MOST_EXPORTS} exports are under way already (`CONTROL_FAILED`).",
        ),
    },
)
async def export_program(channel: ChannelName, program: ProgramName, desk: At) -> Response:
    """A program as one MP4 file: the best video and every audio, from its beginning to its end."""
    desk.running(channel)
    found = desk.programs.find(channel, program)
    if not _exports.acquire(blocking=False):
        raise ChangeFailed(f"{MOST_EXPORTS} exports are under way already.", hint="Wait for one.")
    loop = asyncio.get_running_loop()

    def fetch(path: str) -> bytes:
        """In another thread than the relay's own."""
        coming = asyncio.run_coroutine_threadsafe(_published(desk, path), loop)
        return coming.result(SECONDS)

    coming = _guarded(pieces(f"/{found.name}.isml/", fetch))
    try:
        first = await asyncio.to_thread(next, coming)
    except (OperatorError, EncoderError, PlayerError) as error:
        raise ControlConflict(f"It cannot be exported: {error.message}", hint=error.hint) from None
    headers = {"content-disposition": f'attachment; filename="{found.name}.mp4"'}
    return StreamingResponse(_joined(first, coming), 200, headers, "video/mp4")


async def _published(desk: Desk, path: str) -> bytes:
    return await desk.published(path)


def _guarded(coming: Iterator[bytes]) -> Generator[bytes, None, None]:
    """The pieces; others may export when they have ended, or nobody reads them any more."""
    try:
        yield from coming
    finally:
        _exports.release()


def _joined(first: bytes, rest: Generator[bytes, None, None]) -> Iterator[bytes]:
    with closing(rest):
        yield first
        yield from rest


def _shown(program: Program) -> shapes.Program:
    shown = program.presentation
    lengths = [0.0]
    for rendition in shown.renditions:
        if rendition.segments:
            first, last = rendition.segments[0], rendition.segments[-1]
            begin = rendition.seconds(first.time) + shown.epoch_of(first.run)
            lengths.append(float(rendition.seconds(last.end) + shown.epoch_of(last.run) - begin))
    return shapes.Program(
        name=program.name.partition(".")[2],
        path=f"/{program.name}.isml/",
        state="ended" if shown.ended else "running",
        seconds=round(max(lengths), 3),
    )
