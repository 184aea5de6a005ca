"""`relay channel ..` and `relay upstream ..`: commands that come in groups."""

from typing import Annotated

import typer

from relay.monitor.asking import LOCAL, Admin, TokenFile, asked
from relay.monitor.command import Name, channels_of, path

channel = typer.Typer(
    help="List, start, stop or remove channels of a running relay.", no_args_is_help=True
)
upstream = typer.Typer(
    help="Pause, resume or restart where a channel is forwarded to.", no_args_is_help=True
)
To = Annotated[str, typer.Argument(metavar="UPSTREAM", help="The upstream.")]

_LASTS = {
    True: "That holds after a restart of the relay too.",
    False: "That holds until the relay is restarted.",
}


@channel.command("list")
def list_(url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """List all channels, the stopped ones too, and how their settings stand."""
    for line in channels_of(asked(url, "/channels", token_file, method="GET")):
        typer.echo(line)


@channel.command()
def start(name: Name, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Start a channel that was stopped."""
    asked(url, path(name, "start"), token_file)
    typer.echo(f"{name} runs.")


@channel.command()
def stop(name: Name, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Stop a channel: encoders are told 503, players see its end. It can be started again."""
    told = asked(url, path(name, "stop"), token_file)
    typer.echo(f"{name} is stopped. {_LASTS[told['kept']]} To start it: relay channel start {name}")


@channel.command()
def remove(name: Name, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Remove a channel: encoders are told 404. What it has stored stays.

    One that stands in the configuration file comes back with the next reload: take it out there.
    """
    told = asked(url, path(name), token_file, method="DELETE")
    back = "" if told["kept"] else " If it stands in the file, the next reload brings it back."
    typer.echo(f"{name} was removed.{back}")


@upstream.command()
def pause(name: Name, to: To, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Send nothing to an upstream until it is resumed; what it misses waits in the store."""
    asked(url, path(name, "upstreams", to, "pause"), token_file)
    typer.echo(f"{to} gets nothing now. To go on: relay upstream resume {name} {to}")


@upstream.command()
def resume(name: Name, to: To, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Send to an upstream again, from where it had come to."""
    asked(url, path(name, "upstreams", to, "resume"), token_file)
    typer.echo(f"{to} goes on.")


@upstream.command()
def restart(name: Name, to: To, url: Admin = LOCAL, token_file: TokenFile = None) -> None:
    """Connect to an upstream anew, at once: end its POSTs in order, wait for no retry."""
    asked(url, path(name, "upstreams", to, "restart"), token_file)
    typer.echo(f"{to} begins again.")
