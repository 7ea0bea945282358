"""The ways in which one replacement can go on a Docker engine, and what has to be true at the end of each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.clock import SystemClock
from controller.domain.errors import Conflict
from controller.domain.lifecycle import Outcome
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.operations import request
from tests.e2e.harness.contract import Contract, Story, settling
from tests.e2e.harness.docker_stage import SIZE, EngineScene, EngineStage, recipe
from tests.e2e.harness.tap import Tap
from tests.support.docker_engine import running_engine
from tests.support.docker_images import Recipe
from tests.support.docker_laws import broken, capacity, creations, doubled
from tests.support.eventually import eventually
from tests.support.wiretap import Rule

FORCED_MAINT = 0x01


@dataclass(frozen=True, kw_only=True)
class EngineStory(Story[EngineScene]):
    """Of three containers behind HAProxy. newest: the image that a successor is created from, if not the others'."""

    newest: Recipe | None = None

    async def wrong(self, scene: EngineScene) -> list[str]:
        """At the wire: one creation and no law broken. On the engine and in HAProxy: everything as it has to be."""
        found, made = wire_problems(scene), creations(scene.mutations())
        if made != 1:
            found.append(f"{made} successors were created")
        return found + await remains(scene, undone=self.undone)


def wire_problems(scene: EngineScene) -> list[str]:
    """The laws that the daemons' calls have broken: what may be called at all, capacity first, once."""
    made = scene.mutations()
    return broken(made, scene.web.label) + capacity(made, SIZE) + doubled(made)


async def remains(scene: EngineScene, *, undone: bool) -> list[str]:
    """What is wrong in the end, once HAProxy has had a moment. undone: the predecessor has to be there."""

    async def look() -> list[str]:
        return await _containers(scene, undone=undone) + await _seats(scene)

    return await settling(look, within_seconds=10)


async def _containers(scene: EngineScene, *, undone: bool) -> list[str]:
    """Containers and networks that should not be, or that are missing."""
    api, web = scene.api, scene.web
    everybody, running = await web.now(every=True), await web.now()
    found = [] if everybody.keys() == web.containers.keys() else [f"containers {sorted(everybody)}"]
    found += [f"{name} does not run" for name in everybody.keys() - running.keys()]
    if (scene.aged in everybody.values()) != undone:
        found.append(f"the predecessor {scene.aged} is {'gone' if undone else 'there'}")
    strangers = await api.containers(f"repave.fleet={scene.fleet}")
    found += [f"{one['Names']} is left over" for one in strangers if one["Id"][:12] not in everybody.values()]
    networks = await api.call("GET", "/networks", filters={"label": [web.label]})
    return found + ([] if len(networks) == 1 else [f"{len(networks)} networks"])


async def _seats(scene: EngineScene) -> list[str]:
    """Servers of HAProxy that should not be, or that are missing. One of its own file stays, in maintenance."""
    addresses = {id_: await scene.web.address(id_) for id_ in (await scene.web.now()).values()}
    seats = await scene.seats()
    found = [
        f"{id_} has {count} servers"
        for id_, address in addresses.items()
        if (count := sum(seat.serving and seat.address == address for seat in seats)) != 1
    ]
    for seat in seats:
        retired = seat.name in scene.web.containers and seat.admin & FORCED_MAINT
        if not retired and not (seat.serving and seat.address in addresses.values()):
            found.append(f"HAProxy has {seat.name} at {seat.address}, {'up' if seat.up else 'down'}, {seat.admin:#x}")
    return found


async def _abort_once_drained(scene: EngineScene) -> None:
    """Somebody aborts the replacement as soon as the predecessor gets no new traffic. The answer to that call is held
    meanwhile, so that a person is quick enough."""
    command = f"set server */{scene.web[1].name} state drain"
    waits = Rule("hold", "after", body=command, nth=0)

    async def drained() -> bool:
        made = scene.mutations()
        return any(one.effect and one.body == command.replace("*", "edge") for one in made)

    with suppress(AssertionError):
        try:
            async with scene.wiretap.striking(waits):
                await eventually(drained, within_seconds=90)
                await _abort(scene)
        finally:
            for held in [one for one in scene.wiretap.holding if one.rule is waits]:
                await held.release()
        await eventually(lambda: _closed(scene), within_seconds=90)


async def _abort(scene: EngineScene) -> None:
    (under_way,) = await scene.replacements()
    journal = JournalAdapter(SqlJournal.open(f"sqlite:///{scene.config.with_suffix('.db')}", None))
    try:
        with suppress(Conflict):
            await request.abort(journal, SystemClock(), under_way.id, "ben", "wrong one")
    finally:
        await journal.aclose()


async def _closed(scene: EngineScene) -> bool:
    return not any(one.open for one in await scene.replacements())


NEVER_HEALTHY = recipe(datetime.now(UTC) - timedelta(hours=12), BOOT_SECONDS="600")
"""Whoever is born of it never listens."""

REPLACED = EngineStory(name="replaced", outcome=Outcome.REPLACED)
"""A container on an aged image goes, a fresh one takes its place and its name."""

UNDONE = EngineStory(
    name="undone",
    outcome=Outcome.FAILED,
    exits=frozenset({0, 1}),  # 0 when the daemon that saw it fail is not the one that ends
    config={"verify": {"ready_within": "2s"}},
    newest=NEVER_HEALTHY,
    undone=True,
)
"""The successor never gets healthy, and goes again."""

RESTORED = EngineStory(
    name="restored",
    outcome=Outcome.ABORTED,
    config={"cooldown": {"base": "6h", "cap": "6h"}},  # no second try
    meanwhile=_abort_once_drained,
    undone=True,
)
"""A person turns it back when the predecessor is drained already: that one serves again, and the successor goes."""

SAMPLE = (
    (REPLACED, "before launch returned docker.ContainerCreate"),
    (REPLACED, "after the effect of ContainerCreate"),
    (REPLACED, "after the effect of AddServer"),
    (REPLACED, "after the effect of ContainerStop"),
    (REPLACED, "before the effect of ContainerRename"),
    (UNDONE, "after await_ready failed"),
    (RESTORED, "after drain failed"),
)


@asynccontextmanager
async def _place(
    folder: Path, tap: Tap, stories: Sequence[Story[EngineScene]], runs: int
) -> AsyncIterator[EngineStage]:
    with ExitStack() as stack:
        api = await asyncio.to_thread(stack.enter_context, running_engine())
        yield EngineStage(api, tap, folder, {story.name: runs for story in stories})


ENGINES = Contract(name="docker", stories=(REPLACED, UNDONE, RESTORED), sample=SAMPLE, place=_place, runs=1000)
"""How Docker engines join the crash test."""
