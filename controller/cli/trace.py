"""`repave trace`: the story of one replacement, drawn from the journal; no tracing backend is needed."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from controller.cli.output import JSON_OPTION_HELP, console, print_json
from controller.cli.place import JournalOption, desk_for

if TYPE_CHECKING:
    from controller.app.desk import Desk
    from controller.app.remote import RemoteDesk

PIPE_WIDTH = 120
LINE_STYLES = {"heading": "bold", "error": "red", "open": "cyan", "note": "dim"}


def trace(
    replacement: Annotated[str, typer.Argument(metavar="REPLACEMENT", help="Its id, from `repave get replacements`.")],
    config: JournalOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_OPTION_HELP)] = False,
) -> None:
    """Draw the trace of one replacement.

    A waterfall of every step and every call, with the evidence. It is drawn from the journal: no tracing backend is
    needed, and what is still under way is drawn too.

    Example:
        repave trace r-7f3a9c21d0 -c repave.yaml
    """
    desk = desk_for(config)
    if as_json:
        print_json(asyncio.run(desk.trace(replacement)))
    else:
        asyncio.run(print_waterfall(desk, replacement))


async def print_waterfall(desk: "Desk | RemoteDesk", replacement: str) -> None:
    """The waterfall as wide as the terminal, coloured there; in a pipe 120 cells wide."""
    out = console()
    width = out.width if out.is_terminal else PIPE_WIDTH
    for line in (await desk.drawing(replacement, width))["lines"]:
        out.print(Text(line["text"], style=LINE_STYLES.get(line["style"], "")), soft_wrap=True)
