"""A place with an engine behind a socket, a balancer, and a platform that speaks to both."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.clients.docker import Engines
from controller.domain.lifecycle import Kind
from controller.domain.model import Target
from controller.domain.ports import Mutate, Server
from controller.domain.replacement import Event, Replacement, begin
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.options import DockerOptions
from controller.platforms.docker.traffic import Traffic
from tests.platforms.driver import Drive
from tests.support.fake_containers import Made
from tests.support.fake_engine import FakeEngine
from tests.support.virtual import START

ID = "r-0000000001"


@dataclass
class FakeBalancer:
    """The LoadBalancer port in memory: when some time passes, who was registered becomes healthy, and who drains is
    unused. states: by the server's name. never: names that do not become healthy."""

    states: dict[str, str] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)
    reconciled: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)

    def advance(self) -> None:
        for name, state in self.states.items():
            moved = {"initial": "initial" if name in self.never else "healthy", "draining": "unused"}
            self.states[name] = moved.get(state, state)

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        known = (server for server in servers if server.name in self.states)
        return {server.instance_id: Target(balancer, self.states[server.name]) for server in known}

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        assert server.address, "nobody can be reached without an address"
        if self.states.get(server.name) not in ("healthy", "initial"):
            await self._set("balancer.Register", server, "initial", mutate)

    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        if self.states.get(server.name) in ("healthy", "initial", "unhealthy"):
            await self._set("balancer.Deregister", server, "draining", mutate)

    async def forget(self, balancer: str, server: Server, mutate: Mutate) -> None:
        if server.name in self.states:
            await self._set("balancer.Forget", server, None, mutate)

    async def reconcile(
        self, balancer: str, servers: Sequence[Server], mutate: Mutate, *, busy: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        self.reconciled.append((frozenset(server.name for server in servers), busy))
        missing = [one for one in servers if one.name not in self.states and one.instance_id not in busy]
        for server in missing:
            await self.register(balancer, server, mutate)
        return tuple(f"{server.name} is back" for server in missing)

    async def _set(self, call: str, server: Server, state: str | None, mutate: Mutate) -> None:
        async def perform() -> None:
            if state is None:
                self.states.pop(server.name, None)
            else:
                self.states[server.name] = state

        await mutate(call, {"server": server.name}, perform)


class Shared:
    """The Resources port over one clock."""

    def __init__(self, engines: Engines) -> None:
        self._made: dict[type[Any], Any] = {Engines: engines}
        self._clock = engines.clock

    def get(self, kind: type[Any]) -> Any:
        if kind not in self._made:
            self._made[kind] = kind(self._clock)
        return self._made[kind]


class SteadyClock:
    """The Clock port, whose time is the engine's."""

    def __init__(self, engine: Callable[[], FakeEngine]) -> None:
        self._engine = engine

    def now(self) -> Any:
        return self._engine().now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-0"


class Place:
    """One engine with some containers, and what a test asks of it. `run` runs a coroutine to its end."""

    def __init__(self, runner: asyncio.Runner, folder: Path) -> None:
        self._runner = runner
        self._socket = folder / "engine.sock"
        self._open = False
        self.engine = FakeEngine()
        self.balancer = FakeBalancer()
        self.engines = Engines(SteadyClock(lambda: self.engine))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def hold(self, **body: Any) -> FakeEngine:
        """Forget what was, and have web-1 to web-3 of this body, behind the balancer."""
        self.close()
        self.engine, self.balancer = FakeEngine(socket=self._socket), FakeBalancer()
        self.engine.image("app:1", Cmd=["serve"], Env=["A=1"], Healthcheck={"Test": ["CMD", "check"]})
        self.engine.networks.add("net")
        said = {"Image": "app:1", "Labels": {"fleet": "edge"}, "HostConfig": {"NetworkMode": "net"}, **body}
        for number in range(1, 4):
            self.engine.run(f"web-{number}", **said)
            self.balancer.states[f"web-{number}"] = "healthy"
        self.engine.next_boots = 1
        self.run(self.engine.__aenter__())
        self._open = True
        return self.engine

    def close(self) -> None:
        if self._open:
            self.run(self.engines.aclose())
            self.run(self.engine.__aexit__(None, None, None))
            self._open = False

    def platform(self, balanced: bool = True, **options: Any) -> DockerPlatform:
        """A platform as after a start: it remembers nothing."""
        said = DockerOptions.model_validate({"host": self.engine.url, "label": "fleet=edge"} | options)
        built = DockerPlatform(said, Shared(self.engines))
        if balanced:
            built._crew = dataclasses.replace(built._crew, traffic=Traffic(self.balancer, "edge", 80))
        return built

    def advance(self) -> None:
        """Some time passes for everybody."""
        self.engine.advance()
        self.balancer.advance()

    def accepted(self, name: str = "web-1", replacement_id: str = ID, serving: int = 3) -> Replacement:
        """A replacement of this container, about to launch."""
        one = self.engine.named(name)
        facts = {
            "fleet": "edge",
            "platform": "docker",
            "group": self.engine.url,
            "zone": "host-1",
            "predecessor": one.id[:12],
            "predecessor_facts": {"container.id": one.id, "container.name": name},
            "causes": ["sick"],
            "policy_hash": "h",
            "serving": serving,
        }
        return begin(Event(replacement_id, 0, START, Kind.ACCEPTED, None, facts))

    def drive(self, name: str = "web-1", replacement_id: str = ID, **how: Any) -> Drive:
        """That replacement, and who drives it."""
        serving = how.pop("serving", 3)
        return Drive(self.accepted(name, replacement_id, serving), how.pop("build", self.platform), **how)

    def names(self) -> dict[str, Made]:
        """What there is, by name."""
        return {one.name: one for one in self.engine.containers.values()}
