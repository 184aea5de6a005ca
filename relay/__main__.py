"""The command line. Exit codes: 0, 78 for a bad configuration, 75 for a busy port or store."""

import asyncio
import json
import logging
import sys
import urllib.error
from http.client import HTTPException
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from relay import logs
from relay.config.checking import checked
from relay.config.effective import effective, schema
from relay.config.sample import sample
from relay.encoder import command as encoder
from relay.errors import OperatorError
from relay.export import export
from relay.heap import keep_what_is_freed
from relay.monitor import command as operator
from relay.monitor import groups
from relay.monitor.asking import LOCAL, TokenFile, opened

cli = typer.Typer(
    name="relay",
    help="Ingest relay for live fragmented MP4: merges redundant encoders, serves HLS and DASH.",
    epilog="To begin: relay init > relay.toml, relay check relay.toml, relay run relay.toml."
    " To see it work: relay demo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
WIDE = 160
"""Columns of a table that goes into a file or a pipe."""
RUNNING = "A running relay"
"""The panel of commands that call the admin port."""
ConfFile = Annotated[Path, typer.Argument(metavar="CONF", help="The TOML file (see: relay init).")]
AdminUrl = Annotated[
    str, typer.Option("--admin", "--url", metavar="URL", help="The admin port of a running relay.")
]


@cli.command()
def run(conf: ConfFile) -> None:
    """Run the relay until SIGTERM or Ctrl-C."""
    from relay import app  # noqa: PLC0415 - the other commands need none of the servers

    config = checked(conf)
    logs.configure()
    keep_what_is_freed()
    asyncio.run(app.run(config, conf=conf))


@cli.command()
def check(
    conf: ConfFile,
    show: Annotated[
        bool, typer.Option("--print", help="Print what is in force, each value with its origin.")
    ] = False,
) -> None:
    """Check a configuration: every error at once, with its path."""
    config = checked(conf)
    if show:
        typer.echo(effective(conf, config), nl=False)
    else:
        names = ", ".join(config.channels)
        typer.echo(f"{conf}: good. Channels: {names}.")


@cli.command()
def init(
    *,
    as_schema: Annotated[
        bool, typer.Option("--schema", help="Print its JSON Schema, for an editor.")
    ] = False,
) -> None:
    """Print a complete, commented configuration."""
    typer.echo(schema() if as_schema else sample(), nl=False)


@cli.command()
def dump(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An MP4 or ISMV file, or - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the boxes of a file with every field that is known."""
    from relay.mp4.dump import as_text, to_json, tree  # noqa: PLC0415 - construct loads slowly

    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}") from None
    nodes = tree(data)
    typer.echo(to_json(nodes) if as_json else as_text(nodes))


@cli.command(rich_help_panel=RUNNING)
def status(
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="The admin port, as with --admin.")
    ] = None,
    *,
    ready: Annotated[bool, typer.Option("--ready", help="Only ask whether it is ready.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    admin: AdminUrl = LOCAL,
    token_file: TokenFile = None,
) -> None:
    """Show what a running relay does; exit code 1 when it is not there or not ready."""
    from relay.monitor.table import tables  # noqa: PLC0415 - only people need it

    admin = url or admin
    try:
        told = opened(admin, "/readyz" if ready else "/api/v1/status", token_file, seconds=5)
        shown = [] if ready or as_json else list(tables(told))
    except (LookupError, TypeError, AttributeError):
        typer.echo(f"What answers at {admin} is no relay of this kind.", err=True)
        raise typer.Exit(1) from None
    except (OSError, ValueError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        text = f"No relay is ready at {admin}: {reason}; for another admin port: --admin URL"
        typer.echo(text, err=True)
        raise typer.Exit(1) from None
    if ready or as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    for part in shown:
        console.print(part, soft_wrap=isinstance(part, Text))  # a warning is one line to grep


@cli.command()
def demo(
    seconds: Annotated[
        int, typer.Option("--for", help="End after so many seconds; 0: on Ctrl-C.")
    ] = 0,
    real: Annotated[
        bool, typer.Option("--real", help="Encode live with ffmpeg instead of pushing a clip.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of encoders and players.")] = 8080,
    admin_port: Annotated[int, typer.Option(help="Port of the page.")] = 8081,
) -> None:
    """Two encoders push one programme to a relay on this machine, which forwards it to two more.

    Kill any of them: the picture goes on.
    """
    from relay.demo.show import show  # noqa: PLC0415 - it needs ffmpeg, which is no part of the relay

    asyncio.run(show(seconds, real=real, port=port, admin_port=admin_port))


@cli.command(hidden=True)
def demo_hub(conf: ConfFile) -> None:
    """The relay of `relay demo`, which starts it, hears it and orders it about."""
    from relay.demo import hub  # noqa: PLC0415 - as above

    logs.configure(logging.ERROR)
    asyncio.run(hub.serve(checked(conf)))


cli.command(help=encoder.HELP, epilog=encoder.FAULTS)(encoder.push)
for command in (operator.reload, operator.prefer, operator.disconnect, operator.reset):
    cli.command(rich_help_panel=RUNNING)(command)
cli.add_typer(groups.channel, name="channel", rich_help_panel=RUNNING)
cli.add_typer(groups.upstream, name="upstream", rich_help_panel=RUNNING)
cli.command(rich_help_panel=RUNNING)(operator.program)
cli.command()(export)


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"relay {installed('isml-relay')}")


def main() -> None:
    """Entry point: errors that an operator can mend are sentences, never tracebacks."""
    try:
        cli()
    except OperatorError as error:
        lines = [error.message, error.hint] if error.hint else [error.message]
        for line in "\n".join(lines).splitlines():
            sys.stderr.write(f"relay: {line}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
