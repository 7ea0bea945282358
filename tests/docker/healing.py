"""How long a sick container is in the way, and what that costs: by Repave, by restarting in place, and at the least.

Everything is measured in the same way: from the engine's own word that the container is unhealthy to the first good
answer, through HAProxy, of what takes its place; for the bare minimum, from the first call.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.docker.ground import Ground, ground
from tests.support.docker_engine import Api
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image
from tests.support.eventually import eventually
from tests.support.healer import restarting_healer
from tests.support.load import Log, load

PER_SECOND = 50.0
CONFIG = {"degraded_when": [{"name": "its own check", "docker_health": {}, "for": "0s", "urgent": True}]}


@dataclass(frozen=True)
class Healed:
    """seconds: from unhealthy to serving. lost: requests that failed, of `sent`."""

    seconds: float
    lost: int
    sent: int


def typical(runs: list[Healed]) -> Healed:
    """The median of each number."""
    lost, sent = (round(median(getattr(one, name) for one in runs)) for name in ("lost", "sent"))
    return Healed(median(one.seconds for one in runs), lost, sent)


async def by_repave(api: Api, image: Image, folder: Path, boot_seconds: float) -> Healed:
    """The daemon, with no bake."""
    async with _place(api, image, folder, boot_seconds) as place:
        place.configure(CONFIG)
        async with place.daemon() as daemon:
            await daemon.says(settled=True)
            return await _sick(place, boot_seconds)


async def by_restarting(api: Api, image: Image, folder: Path, boot_seconds: float) -> Healed:
    """A loop that restarts what is unhealthy."""
    async with _place(api, image, folder, boot_seconds) as place, restarting_healer(api, place.fleet.label):
        return await _sick(place, boot_seconds)


async def at_the_least(api: Api, image: Image, folder: Path, boot_seconds: float) -> Healed:
    """The bare minimum: create, start, the first answer of its health check, and the switch in HAProxy."""
    async with _place(api, image, folder, boot_seconds) as place, load(place.proxy.url, PER_SECOND) as log:
        began = time.time()
        fresh = await place.fleet.add(2, image, environment={"BOOT_SECONDS": str(boot_seconds)})
        await eventually(lambda: _is(api, fresh.id, "healthy"), within_seconds=60, every_seconds=0.01)
        said = f"add server edge/fresh {fresh.address}:80 check inter 100ms rise 1 fall 2"
        for command in (said, "enable health edge/fresh", "set server edge/fresh state ready"):
            await place.proxy.say(command)
        answered = await eventually(lambda: _answer(log, began, fresh.short), within_seconds=30, every_seconds=0.01)
    return Healed(answered - began, len(log.failures()), len(log.outcomes))


async def _sick(place: Ground, boot_seconds: float) -> Healed:
    """Make the one container sick, and wait until something fresh has served for a while."""
    (old,) = place.fleet.containers.values()
    began = time.time()
    async with load(place.proxy.url, PER_SECOND) as log:
        await place.fleet.ask(old, "/control/sick")
        unhealthy, _ = await _event(place, "health_status: unhealthy", began)
        started, fresh = await _event(place, "start", unhealthy)
        answered = await eventually(lambda: _answer(log, started, fresh), within_seconds=60 + boot_seconds)
        await eventually(lambda: _is_only(place, old.name), within_seconds=60)
        until = len(log.outcomes) + 2 * int(PER_SECOND)
        await eventually(lambda: _at_least(log, until), within_seconds=60)
    return Healed(answered - unhealthy, len(log.failures()), len(log.outcomes))


@asynccontextmanager
async def _place(api: Api, image: Image, folder: Path, boot_seconds: float) -> AsyncIterator[Ground]:
    await asyncio.to_thread(folder.mkdir)
    async with fleet(api, image, 1, environment={"BOOT_SECONDS": str(boot_seconds)}) as web:
        await web.answering()
        await web.healthy()
        async with ground(folder, web, wired=False) as place:
            yield place


async def _is(api: Api, container: str, health: str) -> bool:
    return bool((await api.inspect(container))["State"]["Health"]["Status"] == health)


async def _event(place: Ground, action: str, since: float) -> tuple[float, str]:
    """When the engine first did this to one of the fleet since then, and to which (its short id); waits for it."""

    async def look() -> tuple[float, str] | None:
        told = await place.api.events(since, time.time(), type=["container"], label=[place.fleet.label])
        found = ((one["timeNano"] / 1e9, one["Actor"]["ID"][:12]) for one in told if one["Action"] == action)
        return next(found, None)

    seen = await eventually(look, within_seconds=60)
    assert seen is not None
    return seen


async def _answer(log: Log, since: float, server: str) -> float:
    """When the first good answer of this server to a request sent since then came; 0 while there is none."""
    found = [one for one in log.outcomes if one.at >= since and not one.failed and one.server == server]
    return min((one.at + one.seconds for one in found), default=0.0)


async def _is_only(place: Ground, name: str) -> bool:
    """Whether one container is left, by its old name, and well."""
    listed = await place.api.containers(place.fleet.label)
    return [one["Names"] for one in listed] == [[f"/{name}"]] and "(healthy)" in listed[0]["Status"]


async def _at_least(log: Log, count: int) -> bool:
    return len(log.outcomes) >= count
