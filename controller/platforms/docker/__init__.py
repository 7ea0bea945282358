"""Containers of a Docker engine, behind a load balancer: created beside the old one, proven, switched, removed."""

from collections.abc import Mapping
from typing import Any

from controller.clients.docker import Engines
from controller.domain.model import Group, Image, Instance, InstanceState, Inventory
from controller.domain.ports import Adopted, PlatformSpec, Progress, Refused, Resources, Work
from controller.domain.replacement import Replacement
from controller.platforms.docker.options import DockerOptions

NOT_YET = Refused("replacing containers is being built", "unsupported", "aborted")


class DockerPlatform:
    """Implements the Platform port for one fleet: the containers of one engine that carry a label."""

    def __init__(self, options: DockerOptions, resources: Resources) -> None:
        engines = resources.get(Engines)
        self._options = options
        self._clock = engines.clock
        self._engine = engines.at(options.address)

    async def inventory(self) -> Inventory:
        """The containers as they are now."""
        listed = await self._engine.read(
            "ContainerList", "/containers/json", all=True, filters={"label": [self._options.label]}
        )
        group = Group(self._options.host, len(listed), 0, len(listed))
        return Inventory(self._clock.now(), (group,), tuple(_instance(one, self._options.host) for one in listed))

    async def held(self, replacement: Replacement) -> str | None:
        """Nothing yet."""
        del replacement
        return None

    async def launch(self, work: Work) -> Progress:
        """Create and start the successor."""
        del work
        return NOT_YET

    async def await_ready(self, work: Work) -> Progress | Adopted:
        """Wait until the successor is healthy everywhere."""
        del work
        return NOT_YET

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its balancer."""
        del work
        return NOT_YET

    async def terminate(self, work: Work) -> Progress:
        """Stop and remove the predecessor, and give its name to the successor."""
        del work
        return NOT_YET

    async def undo(self, work: Work) -> Progress:
        """Remove the successor."""
        del work
        return NOT_YET


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
