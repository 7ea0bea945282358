"""Containers of a Docker engine, behind a load balancer: created beside the old one, proven, switched, removed."""

from collections.abc import Mapping
from typing import Any

from controller.clients.docker import Engines
from controller.domain.model import Group, Image, Instance, InstanceState, Inventory
from controller.domain.ports import Adopted, PlatformSpec, Progress, Resources, Upkeep, Work
from controller.domain.replacement import Replacement
from controller.platforms.docker import drain, launch, ready, terminate, undo, upkeep
from controller.platforms.docker.crew import Crew
from controller.platforms.docker.hand import Hand
from controller.platforms.docker.ledger import Ledger
from controller.platforms.docker.options import DockerOptions
from controller.platforms.docker.traffic import Traffic


class DockerPlatform:
    """Implements the Platform port for one fleet: the containers of one engine that carry a label."""

    takes_turns = False  # names are given once, and who leaves is marked before it does

    def __init__(self, options: DockerOptions, resources: Resources) -> None:
        engines = resources.get(Engines)
        self._options = options
        self._clock = engines.clock
        self._engine = engines.at(options.address)
        self._crew = Crew(
            hands={address.url: Hand(engines.at(address)) for address in options.addresses},
            traffic=Traffic.of(options.load_balancer, resources),
            ledger=resources.get(Ledger),
            look=self.inventory,
            label=options.label,
            pull=options.pulling,
            ports=options.ports,
            share_volumes=options.volumes == "shared",
            quarantine_seconds=options.quarantine or 0.0,
        )

    async def inventory(self) -> Inventory:
        """The containers as they are now."""
        listed = await self._engine.read(
            "ContainerList", "/containers/json", all=True, filters={"label": [self._options.label]}
        )
        group = Group(self._options.host, len(listed), 0, len(listed) + 1000)
        return Inventory(self._clock.now(), (group,), tuple(_instance(one, self._options.host) for one in listed))

    async def held(self, replacement: Replacement) -> str | None:
        """Nothing yet."""
        del replacement
        return None

    async def launch(self, work: Work) -> Progress:
        """Create and start the successor."""
        return await launch.launch(self._crew, work)

    async def await_ready(self, work: Work) -> Progress | Adopted:
        """Wait until the successor is healthy everywhere."""
        return await ready.await_ready(self._crew, work)

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its balancer."""
        return await drain.drain(self._crew, work)

    async def terminate(self, work: Work) -> Progress:
        """Stop and remove the predecessor, and give its name to the successor."""
        return await terminate.terminate(self._crew, work)

    async def undo(self, work: Work) -> Progress:
        """Put a drained predecessor back, and remove the successor."""
        return await undo.undo(self._crew, work)

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        """Put the balancer right, and end quarantines that are over."""
        return await upkeep.upkeep(self._crew, work)


def _instance(listed: Mapping[str, Any], group: str) -> Instance:
    name = str(listed["Names"][0]).removeprefix("/")
    return Instance(
        id=str(listed["Id"])[:12],
        group=group,
        zone="",
        state=InstanceState.IN_SERVICE,
        image=Image(str(listed["ImageID"])),
        healthy=listed["State"] == "running",
        names=(name, str(listed["Id"])),
    )


PLATFORM = PlatformSpec(
    name="docker",
    options=DockerOptions,
    build=DockerPlatform,
    summary="The containers of a Docker engine that carry a label.",
)
