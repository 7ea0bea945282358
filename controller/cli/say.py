"""`repave approve`, `repave abort` and `repave replace`: a person's yes, no and wish."""

import asyncio
from typing import Annotated

import typer

from controller.cli.output import clock_text
from controller.cli.place import JournalOption, desk_for
from controller.cli.who import who


def approve(
    replacement: Annotated[
        str, typer.Argument(metavar="REPLACEMENT", help="The proposal's id, from `repave get replacements`.")
    ],
    config: JournalOption = None,
) -> None:
    """Approve a proposed replacement.

    In mode ask Repave proposes each replacement and does nothing until a person approves it. An approved one starts at
    the next look at which nothing else forbids it (`repave why` says what does), within an hour.

    Example:
        repave approve r-7f3a9c21d0
    """
    said = asyncio.run(desk_for(config).approve(replacement, who()))
    until = clock_text(said["expires_at"])
    about = f"{said['instance']} of {said['fleet']} ({', '.join(said['causes'])})"
    typer.echo(f"{said['id']} is approved: {about}, until {until} UTC")


def abort(
    replacement: Annotated[str, typer.Argument(metavar="REPLACEMENT", help="Its id, from `repave get replacements`.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the trace.")] = "",
    config: JournalOption = None,
) -> None:
    """Turn a replacement back.

    A proposal ends at once. What is under way is undone before its next call: the predecessor serves again and the
    successor goes, even while a hold stops everything else. Once the predecessor's termination was called it is too
    late, and this says so.

    Example:
        repave abort r-7f3a9c21d0 --reason "wrong instance"
    """
    turned = asyncio.run(desk_for(config).abort(replacement, reason, who()))
    typer.echo(turned["sentence"])


def replace(
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="An instance's id, or the name of a container.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the trace.")],
    config: JournalOption = None,
) -> None:
    """Ask for the replacement of an instance.

    Whatever its verdict is, and whatever the windows and the warm-up say. Limits, holds, protection and whatever stops
    the whole fleet still apply; while they do, it waits for up to an hour and `repave why` says for what. The successor
    has to be no worse than its predecessor.

    Example:
        repave replace i-0a1b2c3d --reason "odd noises"
    """
    wish = asyncio.run(desk_for(config).replace(instance, reason, who()))
    told = f"{instance} of {wish['fleet']} is to be replaced; it starts when nothing forbids it"
    typer.echo(f"{wish['id']}: {told}, until {clock_text(wish['expires_at'])} UTC")
