"""Where stories of Docker engines play: a real engine, a HAProxy for each scene, and proxies before both sockets."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from tests.e2e.harness.configuration import PACE, merged, write_fleets
from tests.e2e.harness.contract import Story
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.scene import Scene, plain_environment
from tests.e2e.harness.tap import Tap
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet
from tests.support.docker_images import Image, Recipe, build, remove
from tests.support.engine_proxy import EngineProxy
from tests.support.eventually import eventually
from tests.support.haproxy import RealHaproxy, running_haproxy
from tests.support.haproxy_proxy import HaproxyProxy
from tests.support.wiretap import KEY_VARIABLE, Held, Moment, Request, Wiretap

SIZE = 3
BACKEND = "edge"
HEALTH_SECONDS = 0.5
FALL = 30
"""Failed checks, a tenth of a second apart, before HAProxy calls a server down: a busy machine is not a sick one."""
MAINT_OR_DRAIN = 0x3F
"""Of srv_admin_state: every reason for which a server gets no traffic although it is up."""


@dataclass(frozen=True)
class Seat:
    """A server of HAProxy's backend. serving: it is up, and gets traffic."""

    name: str
    address: str
    up: bool
    admin: int

    @property
    def serving(self) -> bool:
        """Whether requests go there."""
        return self.up and not self.admin & MAINT_OR_DRAIN


@dataclass
class EngineScene(Scene):
    """One fleet of containers behind a HAProxy of its own.

    web: the fleet as it was started; number 1 is on an aged image. engine: the proxy before the engine's socket.
    fleet: its name in the configuration. newest: what a successor is created from. servers: of HAProxy's own file.
    """

    api: Api
    web: Fleet
    wiretap: Wiretap
    haproxy: RealHaproxy
    engine: EngineProxy
    fleet: str
    newest: Image
    servers: tuple[str, ...]

    on_the_root: ClassVar = frozenset({"container.id", "container.name", "container.image.name"})

    @property
    def aged(self) -> str:
        """The short id of the container that has to be replaced."""
        return self.web[1].short

    def environment(self, key: str) -> dict[str, str]:
        """Of a process that the proxies know by this key."""
        return {**plain_environment(), KEY_VARIABLE: key}

    def mutations(self, *daemons: Daemon) -> list[Request]:
        """The mutating requests of these daemons to either socket; of everything started here when none is named."""
        return self.wiretap.mutations(*({daemon.key for daemon in daemons} or set(self.keys)))

    def held(
        self, daemon: Daemon, action: str | None = None, *, moment: Moment, nth: int = 1
    ) -> AbstractAsyncContextManager[Held]:
        """A mutating request of this daemon that a proxy holds; see Scene."""
        return self.wiretap.held(action or "*", key=daemon.key, moment=moment, nth=nth)

    async def seats(self) -> list[Seat]:
        """The servers of the backend, as HAProxy knows them."""
        told = (await self.haproxy.say(f"show servers state {BACKEND}")).splitlines()
        names = told[1].removeprefix("# ").split()
        rows = [dict(zip(names, line.split(), strict=False)) for line in told[2:] if line]
        return [
            Seat(row["srv_name"], row["srv_addr"], row["srv_op_state"] == "2", int(row["srv_admin_state"]))
            for row in rows
        ]

    async def serving(self) -> frozenset[str]:
        """Short ids of the containers that run and get requests."""
        addresses = {seat.address for seat in await self.seats() if seat.serving}
        running = await self.api.containers(self.web.label, every=False)
        places = {one["Id"][:12]: one["NetworkSettings"]["Networks"] for one in running}
        return frozenset(
            id_ for id_, networks in places.items() if addresses & {one["IPAddress"] for one in networks.values()}
        )


@dataclass
class EngineStage:
    """A real engine, and how often each story may still be played. They share nothing but the engine."""

    api: Api
    tap: Tap
    folder: Path
    left: dict[str, int] = field(default_factory=dict)

    def has(self, story: Story[EngineScene]) -> bool:
        """Whether this story may be played once more."""
        return self.left.get(story.name, 0) > 0

    @asynccontextmanager
    async def play(self, story: Story[EngineScene]) -> AsyncIterator[EngineScene]:
        """A fleet of its own, of which nothing is left afterwards."""
        self.left[story.name] -= 1
        newest = getattr(story, "newest", None)
        folder = self.folder / f"{story.name}-{self.left[story.name]}"
        folder.mkdir()
        async with engine_scene(self.api, self.tap, folder, fleet=story.config, newest=newest) as scene:
            yield scene


@asynccontextmanager
async def engine_scene(
    api: Api,
    tap: Tap,
    folder: Path,
    *,
    fleet: Mapping[str, Any] | None = None,
    newest: Recipe | None = None,
    docker: Mapping[str, Any] | None = None,
    **aged: Any,
) -> AsyncIterator[EngineScene]:
    """Three containers behind a HAProxy, the first of them on an aged image. newest: what their tag means in the end,
    where that is not what the two others run. docker: what the configuration says besides of where they run. aged: what
    is said of the first."""
    async with AsyncExitStack() as stack:
        web, last = await stack.enter_async_context(_members(api, newest, aged))
        short = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rp-")))  # a socket's path is short
        servers = tuple(f"{one.name} {one.address}:80 check fall {FALL}" for one in web.containers.values())
        haproxy = await stack.enter_async_context(running_haproxy(short, *servers))
        wiretap = Wiretap(folder / "wire.jsonl")
        engine = await stack.enter_async_context(EngineProxy(wiretap, short / "docker.sock", api.socket))
        runtime = await stack.enter_async_context(HaproxyProxy(wiretap, short / "haproxy.sock", Path(haproxy.socket)))
        name = f"edge-{web.mark}"
        scene = EngineScene(folder, tap, api, web, wiretap, haproxy, engine, name, last, servers)
        balancer = {"haproxy": {"socket": str(runtime.socket), "backend": BACKEND, "inter": "0.1s", "fall": FALL}}
        where = {"host": engine.url, "label": web.label, "load_balancer": balancer, **(docker or {})}
        checks = [{"name": "sick container", "docker_health": {}, "for": "0s", "urgent": True}]
        told = merged({**PACE, "docker": where, "degraded_when": checks}, fleet or {})
        write_fleets(scene.config, {name: told}, {})

        async def all_serve() -> bool:
            return len(await scene.serving()) == SIZE

        await eventually(all_serve, within_seconds=30)
        wiretap.serving = scene.serving
        yield scene


@asynccontextmanager
async def _members(api: Api, newest: Recipe | None, aged: Mapping[str, Any]) -> AsyncIterator[tuple[Fleet, Image]]:
    async with fleet(api, None, 0) as web:
        tag, now = f"e2e-{web.mark}", datetime.now(UTC)
        fresh = recipe(now - timedelta(days=1))
        images = [await build(api, tag, recipe(now - timedelta(days=47)))]
        try:
            await web.add(1, images[0], stop_seconds=2, **aged)
            images.append(await build(api, tag, fresh))
            for number in range(2, SIZE + 1):
                await web.add(number, images[1], stop_seconds=2)
            if newest is not None:
                images.append(await build(api, tag, newest))
            await web.healthy()
            yield web, images[-1]
        finally:
            await api.clear(web.label)
            await _forgotten(api, images)


def recipe(created: datetime, **environment: str) -> Recipe:
    """An image of this date whose health is asked for often."""
    return Recipe(created=created, health_seconds=HEALTH_SECONDS, health_retries=3, environment=environment)


async def _forgotten(api: Api, images: Sequence[Image]) -> None:
    await remove(api, *(image.reference for image in images), *(image.id for image in images))
