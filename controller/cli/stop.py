"""`repave hold` and `repave resume`: the stop button, and its end."""

import asyncio
from typing import Annotated

import typer

from controller.cli.output import clock_text
from controller.cli.place import JournalOption, desk_for
from controller.cli.who import who

Target = Annotated[
    str, typer.Argument(metavar="FLEET|all|INSTANCE", help="The fleet's name, `all`, or an instance's id or name.")
]


def hold(
    target: Target,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is shown wherever the hold stops something.")],
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long: 30m, 2h, 1d. Without it: until `resume`."),
    ] = None,
    config: JournalOption = None,
) -> None:
    """Stop before the next mutating call.

    Nothing is changed any more, undoing included: what is under way stays as it is and goes on after the hold, after
    looking again. The hold is in the journal, so it stops every daemon and survives restarts. Only `repave abort` goes
    on under a hold. An instance is held whether it is the old one of a replacement or the new one.

    Examples:
        repave hold web --for 2h --reason "database migration"
        repave hold all --reason incident
        repave hold i-0a1b2c3d --for 1d --reason "post-mortem"
    """
    desk = desk_for(config)
    placed = asyncio.run(desk.hold(target, duration, reason, who()))
    until = f"until {clock_text(placed['expires_at'])} UTC" if placed["expires_at"] else "until `repave resume`"
    typer.echo(f"{target} is held {until}: {placed['reason']}")


def resume(target: Target, config: JournalOption = None) -> None:
    """End a hold, and close breakers.

    Also forgets the failures in a row that stopped a fleet. `resume all` ends what `hold all` began and closes every
    breaker; the hold of a single fleet or instance stays until it is resumed by name.

    Examples:
        repave resume web
        repave resume all
    """
    desk = desk_for(config)
    resumed = asyncio.run(desk.resume(target, who()))
    ended = resumed["ended"]
    typer.echo(f"{target}: {ended or 'no'} {'hold or breaker' if ended == 1 else 'holds or breakers'} ended")
    for still in resumed["still_held"]:
        typer.echo(f"still stopped: {still['sentence']}")
