"""`repave get`: what the daemon last saw and did."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from controller.cli.decide import COLUMNS, instance_row
from controller.cli.layout import Row, lines
from controller.cli.output import (
    JSON_OPTION_HELP,
    NOTHING,
    clock_text,
    complain,
    console,
    print_json,
    print_table,
    span_text,
    styled,
)
from controller.cli.place import JournalOption, desk_for
from controller.cli.waiting import REQUEST_COLUMNS, request_row, waiting_row

if TYPE_CHECKING:
    from controller.app.desk import Desk
    from controller.app.remote import RemoteDesk

WATCH_SECONDS = 2.0

JsonOption = Annotated[bool, typer.Option("--json", help=JSON_OPTION_HELP)]
WatchOption = Annotated[
    bool,
    typer.Option(
        "--watch", "-w", help="Show it again whenever it changes, until Ctrl-C. In a pipe, one after the other."
    ),
]

Read = Callable[[], Coroutine[Any, Any, dict[str, Any]]]
FLEET_COLUMNS = ("FLEET", "PLATFORM", "MODE", "INSTANCES", "OPEN", "STOPPED BY", "LOOKED AT", "ACTED ON BY", "SENTENCE")
INSTANCE_COLUMNS = ("FLEET", *COLUMNS)
REPLACEMENT_COLUMNS = (
    "REPLACEMENT",
    "FLEET",
    "PREDECESSOR",
    "SUCCESSOR",
    "PHASE",
    "OUTCOME",
    "VERIFICATION",
    "ACCEPTED",
    "TOOK",
    "CAUSES",
)


HELP = """Show what the daemon last saw and did.

Asks the daemon at $REPAVE_URL, with the token in $REPAVE_TOKEN. With -c CONFIG the journal is read directly, so it
works whether or not a daemon is up.

Examples:
    repave get fleets -c repave.yaml
    repave get instances --watch
    repave get replacements --json
"""


def fleets(config: JournalOption = None, as_json: JsonOption = False, watch: WatchOption = False) -> None:
    """Show every fleet.

    What its last look came to, what is under way, and what stops it.

    Example:
        repave get fleets -c repave.yaml
    """
    _show(config, "fleets", as_json, watch)


def instances(config: JournalOption = None, as_json: JsonOption = False, watch: WatchOption = False) -> None:
    """Show every instance.

    With its verdict, the decision and the reason, as of the last look.

    Example:
        repave get instances -c repave.yaml --watch
    """
    _show(config, "instances", as_json, watch)


def replacements(
    config: JournalOption = None,
    as_json: JsonOption = False,
    watch: WatchOption = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """Show the newest replacements.

    First what waits to become one: proposed, or approved and not begun. Then open ones with their phase, and ended ones
    with their outcome.

    Example:
        repave get replacements -c repave.yaml --limit 10
    """
    _show(config, "replacements", as_json, watch, limit)


def requests(
    config: JournalOption = None,
    as_json: JsonOption = False,
    watch: WatchOption = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """Show what was proposed and what people asked for.

    With who answered, and how it ended: accepted (a replacement of the same id began), expired, withdrawn or aborted.

    Example:
        repave get requests -c repave.yaml
    """
    _show(config, "requests", as_json, watch, limit)


def _show(config: str | None, what: str, as_json: bool, watch: bool, limit: int = 50) -> None:
    desk = desk_for(config)
    read = _reader(desk, what, limit)
    columns, row = {
        "fleets": (FLEET_COLUMNS, _fleet_row),
        "instances": (INSTANCE_COLUMNS, _instance_row),
        "replacements": (REPLACEMENT_COLUMNS, _replacement_row),
        "requests": (REQUEST_COLUMNS, request_row),
    }[what]

    def rows(document: Mapping[str, Any]) -> list[Row]:
        waiting = document["requests"] if what == "replacements" else ()
        now = document["generated_at"]
        return [waiting_row(item, now) for item in waiting] + [row(item) for item in document[what]]

    def show(document: Mapping[str, Any]) -> None:
        if as_json:
            print_json(document)
        else:
            _warn(document)
            print_table(columns, rows(document))

    if not watch:
        show(asyncio.run(read()))
    elif as_json or not console().is_terminal:
        asyncio.run(_print_changes(desk, read, show))
    else:
        asyncio.run(_redraw(desk, read, lambda document: Group(*lines(columns, rows(document), console().width))))


def _warn(document: Mapping[str, Any]) -> None:
    """Say that it may be old: the daemon has lost its journal. An older daemon says nothing of it."""
    stale = document.get("stale")
    if stale:
        complain(f"the daemon cannot reach its journal since {stale['since']} and only watches: {stale['reason']}")


def _reader(desk: "Desk | RemoteDesk", what: str, limit: int) -> Read:
    if what == "fleets":
        return desk.fleets
    if what == "instances":
        return desk.instances
    return lambda: desk.requests(limit) if what == "requests" else desk.replacements(limit)


async def _print_changes(desk: "Desk | RemoteDesk", read: Read, show: Callable[[Mapping[str, Any]], None]) -> None:
    shown: dict[str, Any] | None = None
    while True:
        document = await read()
        told = {key: value for key, value in document.items() if key != "generated_at"}
        if told != shown:
            show(document)
            shown = told
        await desk.clock.sleep(WATCH_SECONDS)


async def _redraw(desk: "Desk | RemoteDesk", read: Read, draw: Callable[[Mapping[str, Any]], RenderableType]) -> None:
    with Live(console=console(), auto_refresh=False, screen=True) as live:
        while True:
            document = await read()
            when = Text(f"{clock_text(document['generated_at'])} UTC, Ctrl-C ends it", style="dim")
            live.update(Group(draw(document), when), refresh=True)
            await desk.clock.sleep(WATCH_SECONDS)


def _fleet_row(item: Mapping[str, Any]) -> Row:
    counts = item["verdicts"] or {}
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    stops = [hold["scope"] for hold in item["holds"]] + [f"breaker {breaker['cause']}" for breaker in item["breakers"]]
    return (
        item["name"],
        item["platform"],
        item["mode"],
        f"{item['instances']} ({verdicts})" if counts else NOTHING,
        str(len(item["open_replacements"])),
        Text(", ".join(stops) or NOTHING, style="yellow" if stops else ""),
        clock_text(item["observed_at"]),
        item["lease"]["owner"] if item["lease"] and item["lease"]["valid"] else NOTHING,
        item["sentence"] or "no daemon has seen it yet",
    )


def _instance_row(item: Mapping[str, Any]) -> Row:
    return (item["fleet"], *instance_row(item))


def _replacement_row(item: Mapping[str, Any]) -> Row:
    failure = f" ({item['failure']['reason']})" if item["failure"] else ""
    return (
        item["id"],
        item["fleet"],
        item["predecessor"],
        item["successor"] or NOTHING,
        item["phase"] + (", paused" if item["paused"] else ""),
        styled(item["outcome"]),
        styled(item["verification"]),
        clock_text(item["accepted_at"]),
        span_text(item["seconds"]),
        ", ".join(item["causes"]) + failure,
    )
