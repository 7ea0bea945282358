"""Some containers of the app, each on the same network and with the same label, and nothing left of them at the end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.support.docker_engine import Api
from tests.support.docker_images import Image
from tests.support.eventually import eventually

AT_ONCE = 5
"""How many containers are started at the same time."""


@dataclass(frozen=True)
class Container:
    """One member as it was started. id: in full."""

    name: str
    id: str
    address: str

    @property
    def short(self) -> str:
        """What Repave calls it."""
        return self.id[:12]


@dataclass
class Fleet:
    """Members that share a label. mark: unique in this run; every name and label holds it."""

    api: Api
    mark: str
    network: str
    containers: dict[str, Container] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What a configuration finds the members by, and what everything is cleared by."""
        return f"repave.test={self.mark}"

    def name(self, number: int) -> str:
        """Of the container with this number, from 1."""
        return f"web-{self.mark}-{number}"

    def __getitem__(self, number: int) -> Container:
        return self.containers[self.name(number)]

    async def add(self, number: int, image: Image | str, **said: Any) -> Container:
        """Create and start one more; see `spec` for what can be said."""
        reference = image if isinstance(image, str) else image.reference
        body = spec(reference, {"repave.test": self.mark}, self.network, **said)
        made = await self.api.call("POST", "/containers/create", body, name=self.name(number))
        await self.api.call("POST", f"/containers/{made['Id']}/start")
        container = Container(self.name(number), made["Id"], await self.address(made["Id"]))
        self.containers[container.name] = container
        return container

    async def address(self, container: str) -> str:
        """Where a running container is reached from this host."""
        seen = await self.api.inspect(container)
        return str(seen["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    async def now(self, *, every: bool = False) -> dict[str, str]:
        """Who bears which name now: short ids of the running ones by name; of all of them with `every`."""
        listed = await self.api.containers(self.label, every=every)
        return {one["Names"][0].removeprefix("/"): one["Id"][:12] for one in listed}

    async def healthy(self, within_seconds: float = 60.0) -> None:
        """Wait until the engine calls every running member healthy (those without a check count at once)."""

        async def look() -> bool:
            listed = await self.api.containers(self.label, every=False)
            return len(listed) >= len(self.containers) and not any(
                "(" in one["Status"] and "(healthy" not in one["Status"] for one in listed
            )

        await eventually(look, within_seconds=within_seconds, every_seconds=0.1)

    async def ask(self, container: Container, path: str) -> tuple[int, str]:
        """One HTTP request straight to a container, beside the balancer: for its /control pages."""
        return await get(f"http://{container.address}{path}")

    async def answering(self, within_seconds: float = 30.0) -> None:
        """Wait until every one that was added answers."""

        async def look(container: Container) -> bool:
            try:
                return (await self.ask(container, "/health"))[0] == 200
            except (ClientError, OSError, TimeoutError):
                return False

        for container in self.containers.values():
            await eventually(lambda one=container: look(one), within_seconds=within_seconds)  # type: ignore[misc]


async def get(url: str, seconds: float = 5.0) -> tuple[int, str]:
    """Status and text of one answer."""
    async with ClientSession(timeout=ClientTimeout(seconds)) as session, session.get(url) as response:
        return response.status, await response.text()


def spec(
    image: str,
    labels: Mapping[str, str],
    network: str,
    *,
    environment: Mapping[str, str] | None = None,
    memory_mib: int = 64,
    stop_seconds: int = 10,
    aliases: tuple[str, ...] = (),
    restart: str = "no",
    more: Mapping[str, Any] | None = None,
    host: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a create. more, host: what else it says, at the top and under HostConfig."""
    endpoint = {"Aliases": list(aliases)} if aliases else {}
    return {
        "Image": image,
        "Labels": dict(labels),
        "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
        "StopTimeout": stop_seconds,
        "HostConfig": {
            "NetworkMode": network,
            "Memory": memory_mib * 1024 * 1024,
            "MemorySwap": memory_mib * 1024 * 1024,
            "RestartPolicy": {"Name": restart},
            **(host or {}),
        },
        "NetworkingConfig": {"EndpointsConfig": {network: endpoint}},
        **(more or {}),
    }


@asynccontextmanager
async def fleet(api: Api, image: Image | None, size: int, **said: Any) -> AsyncIterator[Fleet]:
    """`size` containers web-MARK-1 ..., started; whatever bears their label is removed in the end, successors too."""
    mark = uuid4().hex[:6]
    network = f"net-{mark}"
    labels = {"repave.test": mark}
    await api.call("POST", "/networks/create", {"Name": network, "Labels": labels, "CheckDuplicate": True})
    running = Fleet(api, mark, network)
    try:
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with limit:
                assert image is not None
                await running.add(number, image, **said)

        async with asyncio.TaskGroup() as group:
            for number in range(1, size + 1):
                group.create_task(one(number))
        yield running
    finally:
        await api.clear(running.label)
