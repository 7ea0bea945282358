"""`repave demo`: the daemon at work on an embedded AWS."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from shutil import rmtree
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.board import Board, Quiet, Script
from controller.cli.output import console, print_json
from controller.cli.trace import print_waterfall
from controller.domain.errors import JournalUnavailable

if TYPE_CHECKING:
    from controller.app.desk import Desk
    from controller.app.showcase import Showcase
    from controller.loop import Tick

LOOK_SECONDS = 0.5
MOST_SHOWN = 10
MOST_TOLD = 1000
ENDED_WELL = ("replaced", "superseded")

STAYS = """
The daemon goes on watching; Ctrl-C ends it and takes everything away. Meanwhile, in another terminal:

    repave get instances -c {config}
    repave hold web --for 5m --reason "just trying" -c {config}
    curl http://127.0.0.1:{port}/metrics
"""


def demo(
    until_settled: Annotated[
        bool, typer.Option("--until-settled", help="End when nothing is left to do, instead of on Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="For the daemon's /healthz and /metrics; 0 takes a free one.")
    ] = 0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print nothing but one JSON document, once the fleet is settled (docs/json.md)."),
    ] = False,
) -> None:
    """Watch Repave repave a fleet, on an embedded AWS. No cloud account, no Docker, no root.

    Eight web servers over three zones: one fails its load balancer's checks, the disk of one fills up, one runs an
    image of 90 days and another does too but is protected, and one cannot be seen. The real daemon judges them,
    replaces what has to go one at a time, and says why the rest waits. Then it draws the trace of one replacement and
    stays up until Ctrl-C.

    Examples:
        repave demo
        repave demo --until-settled --json
    """
    view = Quiet() if as_json else Board() if console().is_terminal else Script()
    raise typer.Exit(asyncio.run(_demo(view, until_settled, port, as_json)))


async def _demo(view: Quiet, until_settled: bool, port: int, as_json: bool) -> int:
    from controller.app.desk import Desk
    from controller.app.logs import set_up
    from controller.app.serve import Watcher, serve
    from controller.app.showcase import showcase

    view.say("starting an embedded AWS ...")
    async with showcase(port) as show:
        with show.log.open("w", encoding="utf-8") as stream:
            set_up(stream, {**os.environ, "NO_COLOR": "1"})
            audience = Audience(view, show, Desk(show.config), as_json)
            watching = asyncio.create_task(audience.watch() if until_settled else audience.stay(), name="audience")
            try:
                watcher = Watcher(audience.on_tick, audience.on_listening, audience.clean_up)
                code = await serve(show.config, until_settled=until_settled, watcher=watcher)
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                view.close()
            await audience.tell()
            return code


class Audience:
    """Shows what goes on until the fleet is settled, and then what came of it, once."""

    def __init__(self, view: Quiet, show: "Showcase", desk: "Desk", as_json: bool) -> None:
        self._view = view
        self._show = show
        self._desk = desk
        self._as_json = as_json
        self._started_at = desk.clock.now()
        self._settled = False
        self._told = False
        self._port = 0

    def on_listening(self, port: int) -> None:
        """The daemon answers on this port."""
        self._port = port

    def on_tick(self, tick: "Tick") -> None:
        """The daemon has looked."""
        self._view.tick(tick.sentence)
        self._settled = tick.settled

    def clean_up(self) -> None:
        """Leave at once, but neither a hidden cursor nor files. The embedded AWS notices by itself that we are gone."""
        self._view.close()
        rmtree(self._show.path.parent, ignore_errors=True)

    async def watch(self) -> None:
        """Look again and again until it is settled."""
        while not self._settled:
            await self._look()
            await self._desk.clock.sleep(LOOK_SECONDS)

    async def stay(self) -> None:
        """The same, then tell what came of it, while the daemon goes on."""
        await self.watch()
        await self.tell()
        if not self._as_json:
            self._view.say(STAYS.format(config=self._show.path, port=self._port))

    async def tell(self) -> None:
        """What came of it: the document, or the last picture and one trace."""
        if self._told:
            return
        document = await self._summary()
        if self._as_json:
            print_json(document)
        else:
            await self._look()
            self._view.close()
            await self._tell_a_person(document)
        self._told = True

    async def _look(self) -> None:
        # The daemon may be making its journal at this very moment: then there is nothing to see yet.
        with suppress(JournalUnavailable):
            instances = (await self._desk.instances())["instances"]
            self._view.draw(instances, (await self._desk.replacements(MOST_SHOWN))["replacements"])

    async def _tell_a_person(self, document: Mapping[str, Any]) -> None:
        for item in document["replaced"]:
            why = ", ".join(item["causes"])
            self._view.say(f"{item['predecessor']} was replaced by {item['successor']} ({why}): {item['verification']}")
        for item in document["held"]:
            rules = "; ".join(f"{veto['rule']}: {veto['reason']}" for veto in item["vetoes"])
            self._view.say(f"{item['instance']} is {item['verdict']} and waits: {rules}")
        if document["replaced"]:
            best = min(document["replaced"], key=lambda item: item["verification"] != "improved")
            self._view.say(f"\nThe trace of {best['replacement']}:\n")
            await print_waterfall(self._desk, best["replacement"])

    async def _summary(self) -> dict[str, Any]:
        """The document of `demo --json`."""
        ended = [item for item in (await self._desk.replacements(MOST_TOLD))["replacements"][::-1] if item["outcome"]]
        held = [item for item in (await self._desk.instances())["instances"] if item["decision"] == "hold"]
        return {
            "replaced": [_ended(item) for item in ended if item["outcome"] in ENDED_WELL],
            "undone": [_ended(item) for item in ended if item["outcome"] not in ENDED_WELL],
            "held": [{"instance": item["id"], "verdict": item["verdict"], "vetoes": item["vetoes"]} for item in held],
            "seconds": round((self._desk.clock.now() - self._started_at).total_seconds(), 3),
        }


def _ended(item: Mapping[str, Any]) -> dict[str, Any]:
    told = ("predecessor", "successor", "causes", "verification", "outcome", "failure", "trace_id")
    return {**{name: item[name] for name in told}, "replacement": item["id"], "seconds": item["seconds"]}
