"""What an operator asks of a running relay from a terminal: `relay reset`, `prefer`, `reload`, ...

They call the control API on the admin port. Exit codes: 0 when it was done, else 1.
"""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from relay.errors import OperatorError
from relay.monitor.asking import LOCAL, Admin, TokenFile, asked

Name = Annotated[str, typer.Argument(metavar="NAME", help="The channel.")]


def reset(
    name: Name,
    url: Admin = LOCAL,
    token_file: TokenFile = None,
    join: Annotated[
        bool,
        typer.Option("--join", help="Go on with the timeline of its peer, not with a new one."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking first.")] = False,
) -> None:
    """Empty a channel of a running relay: what it has stored is deleted, and a new timeline begins.

    Encoders connect again by themselves, players have to load it anew; other channels go on.

    Where encoders do not stamp UTC, URLs then mean other media than before: empty caches too.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise OperatorError(
                f"This deletes what {name} has stored.", hint="To do it without being asked: --yes"
            )
        then = "take over its peer's timeline" if join else "begin a new timeline"
        typer.confirm(f"Delete all that {name} has stored, and {then}?", abort=True)
    asked(url, path(name, "reset"), token_file, said={"join": join})
    typer.echo(f"{name} was reset. Its encoders connect again; load its players anew.")


def prefer(
    name: Name,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Left out: none; the first copy wins.")
    ] = None,
    url: Admin = LOCAL,
    token_file: TokenFile = None,
) -> None:
    """Prefer the copies of one source while it delivers, until the relay ends or this is undone."""
    told = asked(url, path(name, "prefer"), token_file, said={"source": source})
    if source is None:
        typer.echo(f"{name} prefers no source: the first copy wins.")
        return
    typer.echo(f"{name} prefers {source}.")
    if not told.get("known"):
        typer.echo(
            f"No source of this name has delivered yet; to see them: relay status --admin {url}"
        )


def disconnect(
    name: Name,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source.")],
    url: Admin = LOCAL,
    token_file: TokenFile = None,
) -> None:
    """End the POSTs of one source, behind their current fragments. It may come back at once."""
    told = asked(url, path(name, "sources", source, "disconnect"), token_file)
    typer.echo(f"{source} was disconnected: {_count(told['posts'], 'POST')}.")


def program(
    name: Name,
    *,
    start: Annotated[
        str | None, typer.Option(metavar="PROGRAM", help="Begin one with the next fragment.")
    ] = None,
    stop: Annotated[str | None, typer.Option(metavar="PROGRAM", help="End one.")] = None,
    delete: Annotated[
        str | None, typer.Option(metavar="PROGRAM", help="Delete one that has ended.")
    ] = None,
    window: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="Of a new one: keep no more than this.")
    ] = None,
    url: Admin = LOCAL,
    token_file: TokenFile = None,
) -> None:
    """Start, stop, delete or list programs: parts of a channel that stay under URLs of their own.

    While it runs it is live; once it is stopped it has its end, and stays until it is deleted.
    """
    chosen = [word for word in (start, stop, delete) if word is not None]
    if len(chosen) > 1 or (window is not None and start is None):
        raise OperatorError(
            "Say --start PROGRAM [--window SECONDS], --stop PROGRAM, --delete PROGRAM, or nothing."
        )
    if delete is not None:
        told = asked(url, path(name, "programs", delete), token_file, method="DELETE")
        typer.echo(f"{told['deleted']} is gone.")
        return
    if not chosen:
        told = asked(url, path(name, "programs"), token_file, method="GET")
        found = told["programs"]
        if not found:
            typer.echo(f"{name} has no programs. To begin one: relay program {name} --start NAME")
    elif start is not None:
        said = {"window": window}
        where = path(name, "programs", start)
        found = [asked(url, where, token_file, said=said, method="PUT")]
    else:
        found = [asked(url, path(name, "programs", str(stop), "stop"), token_file)]
    for each in found:
        how = "has ended" if each["state"] == "ended" else "runs"
        typer.echo(f"{name}.{each['name']} {how}: {each['path']}")


def reload(url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Let a running relay read its configuration file anew; encoders stay connected.

    Channels are added, removed and changed as the file says. What cannot change while it runs is
    named, and waits for the next start. A file with an error changes nothing.
    """
    told = asked(url, "/reload", token_file)
    lines = [f"added: {name}" for name in told["added"]]
    lines += [f"removed: {name}" for name in told["removed"]]
    for each in told["changed"]:
        if each["taken"]:
            lines.append(f"changed: {each['channel']}: {', '.join(each['taken'])}")
        if each["waiting"]:
            waits = ", ".join(each["waiting"])
            lines.append(f"waits for the next start of {each['channel']}: {waits}")
    if told["waiting"]:
        lines.append(f"waits for the next start of the relay: {', '.join(told['waiting'])}")
    lines += [f"failed: {name}: {why}" for name, why in told["failed"].items()]
    for line in lines or ["Nothing has changed."]:
        typer.echo(line)
    if told["failed"]:
        raise typer.Exit(1)


def path(channel: str, *more: str) -> str:
    """Below `/api/v1`."""
    return "/".join(["/channels", *(quote(word, safe="") for word in (channel, *more))])


def channels_of(told: dict[str, Any]) -> list[str]:
    """A line for each channel of a list."""
    lines = []
    for each in told["channels"]:
        protection = f", {each['protection']}" if each["state"] == "running" else ""
        more = "".join(
            f"; {what}: {', '.join(each[key])}"
            for key, what in (("differs", "unlike the file"), ("waiting", "waits for its start"))
            if each[key]
        )
        made = " (made by the API)" if each["origin"] == "api" else ""
        lines.append(f"{each['name']}: {each['state']}{protection}{made}{more}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
