"""`repave hold` and `repave resume`: the stop button, and its end."""

import asyncio
import getpass
import os
from typing import Annotated

import typer

from controller.cli.output import clock_text
from controller.cli.place import ConfigOption, load_for_journal

Target = Annotated[str, typer.Argument(metavar="FLEET|all", help="The fleet's name, or `all`.")]


def hold(
    target: Target,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is shown wherever the hold stops something.")],
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long: 30m, 2h, 1d. Without it: until `resume`."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Stop before the next mutating call.

    Nothing is changed any more, undoing included: what is under way stays as it is and goes on after the hold, after
    looking again. The hold is in the journal, so it stops every daemon and survives restarts.

    Examples:
        repave hold web --for 2h --reason "database migration"
        repave hold all --reason incident
    """
    from controller.app.configuration import duration_seconds
    from controller.app.desk import Desk

    desk = Desk(load_for_journal(config))
    seconds = duration_seconds(duration) if duration is not None else None
    placed = asyncio.run(desk.hold(target, seconds, reason, _who()))
    until = f"until {clock_text(placed.expires_at)} UTC" if placed.expires_at else "until `repave resume`"
    typer.echo(f"{target} is held {until}: {placed.reason}")


def resume(target: Target, config: ConfigOption = None) -> None:
    """End a hold, and close breakers.

    Also forgets the failures in a row that stopped a fleet. `resume all` ends what `hold all` began and closes every
    breaker; the hold of a single fleet stays until that fleet is resumed by name.

    Examples:
        repave resume web
        repave resume all
    """
    from controller.app.desk import Desk

    desk = Desk(load_for_journal(config))
    ended, left = asyncio.run(desk.resume(target, _who()))
    typer.echo(f"{target}: {ended or 'no'} {'hold or breaker' if ended == 1 else 'holds or breakers'} ended")
    for still in left:
        typer.echo(f"still stopped: {still.sentence()}")


def _who() -> str:
    """Who says so: the name of the account, for the record."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
