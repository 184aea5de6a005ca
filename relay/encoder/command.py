"""`relay push`: the command line of the model encoder. It teaches; what it does is in `push`."""

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from relay.errors import OperatorError, quoted
from relay.ingest.url import NAME

HELP = """
Push a file as a live encoder would, for ever: a model encoder with faults on demand.

FILE is looped without a seam and stamped with UTC, on a grid that begins in 1970. So two pushes \
of one file, started anywhere at any time, send identical fragments with identical times and \
numbers: they are each other's redundant encoder.

It probes, reconnects without end, sends its header and the last two fragments again, and ends \
cleanly on Ctrl-C (exit code 0; 1 if it could not).
"""
FAULTS = """
\b
Begin here (a relay with a channel "news" on this machine):
  relay push clip.mp4 http://localhost:8080/news.isml
It prints a line for each change: stream, state, fragments sent, and what
the receiver said last, "200 OK", "no connection", or its refusal.

\b
Two redundant encoders, and one of them fails:
  relay push clip.mp4 http://localhost:8080/news.isml --source enc_a
  relay push clip.mp4 http://localhost:8080/news.isml --source enc_b \\
    --fault kill=20 --fault drop=30-32
--source becomes ?source=... in the URL; leave it out for receivers that
know nothing of it.

\b
Times: fragment n begins n x --duration seconds after 1970-01-01 UTC, so
set the clock of this machine (NTP). tfxd has version 1; where a receiver
wants a fragment_index, --index v2 (or v2-64) writes n there, or n + --base.

\b
Signing in: --user NAME:PASSWORD answers a Basic or Digest challenge of the
probe; --token-file FILE sends what it holds as a bearer token, unasked.
--cert-file and --key-file show a certificate of its own; --ca-file trusts an
authority that the system does not know, --insecure whoever answers.

\b
Faults (--fault, as often as you like; fragments count from 1):
  kill@BYTES        break the connection after so many bytes
  kill=SECONDS      break it so long after the start
  drop=N[-M]        never send fragments N to M
  delay=MS          send everything so much later
  duplicate=N       send fragment N twice
  reorder=N         send fragment N after N+1
  corrupt=N[:moof]  damage fragment N's mdat (or moof) once
  stall=SECONDS\\[@N] send nothing for so long, before fragment N (4)
  restart-at-zero=N begin anew at fragment N, with times from 0
  drift=MS_PER_MIN  let the clock go wrong
  poison=N          put fragment N ten years ahead
  slate=N[-M]       show other pictures in fragments N to M
The encoder behind a fault stays a model: it reconnects and resends.
With --orders it reads more of them from standard input while it runs,
one a line: corrupt, delay, drop, duplicate, poison, reorder, slate and
stall. There fragments count from the next one, and delay=0 ends a delay.

\b
A clip that fits everywhere (key frames 1.92 s apart):
  ffmpeg -i in.mp4 -vf fps=25 -c:v libx264 -g 48 -keyint_min 48 \\
    -sc_threshold 0 -c:a aac -ar 48000 clip.mp4
"""


def push(  # noqa: PLR0917 - one argument for each option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="MP4, CMAF or ISMV; video, audio or both.")
    ],
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="The publishing point, http://HOST/NAME.isml, with /Streams(ID) if you like.",
        ),
    ],
    source: Annotated[
        str, typer.Option(help="Who we are: added as ?source=..., tells two encoders apart.")
    ] = "",
    streams: Annotated[
        str,
        typer.Option(
            help="all: every track in one stream. each: one per track. audio-with-low: audio with"
            " the lowest video, other videos alone."
        ),
    ] = "all",
    duration: Annotated[
        str,
        typer.Option(
            help="Fragment duration in seconds, such as 1.92 or 2002/1000."
            " Left out: 1.92 if the clip's key frames allow it, else what they allow.",
            show_default=False,
        ),
    ] = "",
    index: Annotated[
        str, typer.Option(help="tfxd: v1, or version 2 with a fragment_index: v2 (32 bits), v2-64.")
    ] = "v1",
    base: Annotated[int, typer.Option(min=0, max=1, help="The index of the fragment at 1970.")] = 0,
    seconds: Annotated[
        float, typer.Option("--for", min=0, help="End cleanly after so many seconds; 0: on Ctrl-C.")
    ] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help="Something that goes wrong on purpose; see below.")
    ] = None,
    orders: Annotated[
        bool, typer.Option("--orders", help="Read faults from standard input while it runs.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Decides which bytes corrupt changes, and jitter.")] = 0,
    user: Annotated[
        str, typer.Option(metavar="NAME:PASSWORD", help="For a Basic or Digest challenge.")
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="A file with the bearer token to send.")
    ] = None,
    cert_file: Annotated[
        Path | None, typer.Option(help="Our certificate for TLS, PEM; the key may be in it.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Whom to trust, PEM; else the system's authorities.")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Take any certificate.")] = False,
) -> None:
    """Push a file as a live encoder would: a model encoder with faults on demand."""
    from relay.encoder.push import Order, carry_out  # noqa: PLC0415 - its libraries load slowly

    name, colon, password = user.partition(":")
    if bool(user) is not bool(name and colon):
        raise OperatorError("--user has no password.", hint="Write --user NAME:PASSWORD.")
    if user and token_file:
        raise OperatorError("Sign in with --user or with --token-file, not with both.")
    if source and not NAME.fullmatch(source):
        raise OperatorError(
            f'--source "{quoted(source)}" is not allowed.',
            hint="Use 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit.",
        )
    order = Order(
        file=file,
        url=url,
        source=source,
        streams=streams,
        duration=_exact(duration),
        width=_width(index),
        base=base,
        lasts=round(seconds * 1000),
        faults=tuple(fault or ()),
        seed=seed,
        user=name,
        password=password,
        token_file=token_file,
        verify=not insecure,
        cert_file=cert_file,
        key_file=key_file,
        ca_file=ca_file,
        hears=orders,
    )
    raise typer.Exit(0 if carry_out(order) else 1)


def _exact(text: str) -> Fraction | None:
    """A duration as it was typed, exactly."""
    if not text:
        return None
    with contextlib.suppress(ValueError, ZeroDivisionError):
        duration = Fraction(text)
        if Fraction(1, 10) <= duration <= 60:
            return duration
    raise OperatorError(
        f'--duration "{quoted(text)}" is no fragment duration.', hint="Write 1.92 or 2002/1000."
    )


def _width(index: str) -> int:
    widths = {"v1": 0, "v2": 32, "v2-64": 64}
    if index not in widths:
        raise OperatorError(f"--index {quoted(index)} is none of {', '.join(widths)}.")
    return widths[index]
