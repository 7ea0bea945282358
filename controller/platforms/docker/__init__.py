"""Containers of a Docker engine, behind a load balancer: created beside the old one, proven, switched, removed."""

from collections.abc import Callable

from controller.clients.docker import Engines
from controller.domain.model import Inventory
from controller.domain.ports import Adopted, PlatformSpec, Progress, Resources, Upkeep, Work
from controller.domain.replacement import Replacement
from controller.platforms.docker import drain, launch, ready, terminate, undo, upkeep
from controller.platforms.docker.cache import FactCache
from controller.platforms.docker.crew import Crew
from controller.platforms.docker.gate import watched
from controller.platforms.docker.hand import Hand
from controller.platforms.docker.inventory import Inventories
from controller.platforms.docker.ledger import Ledger
from controller.platforms.docker.load_balancer import claimed
from controller.platforms.docker.marks import Holds
from controller.platforms.docker.options import DockerOptions
from controller.platforms.docker.shared import Shared
from controller.platforms.docker.traffic import Traffic
from controller.platforms.docker.wake import told_of_members


class DockerPlatform:
    """Implements the Platform port for one fleet: the containers of one engine, or of several, that carry a label."""

    takes_turns = False  # names are given once, and who leaves is marked before it does

    def __init__(self, options: DockerOptions, resources: Resources) -> None:
        engines = resources.get(Engines)
        self._engines = {address.url: engines.at(address) for address in options.addresses}
        self._holds = Holds(self._engines, resources.get(FactCache))
        self._look = Shared(Inventories(options, resources).read)
        self._crew = Crew(
            hands={url: Hand(engine) for url, engine in self._engines.items()},
            traffic=Traffic.of(options.load_balancer, resources),
            ledger=resources.get(Ledger),
            look=self.inventory,
            label=options.label,
            pull=options.pull,
            ports=options.ports,
            share_volumes=options.volumes == "shared",
            quarantine_seconds=options.quarantine,
        )

    async def inventory(self) -> Inventory:
        """The containers as they are now."""
        return await self._look()

    def on_change(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Whenever an engine tells that a member ended, came up, ran out of memory or turned unhealthy."""
        return told_of_members(self._engines.values(), self._crew.label, wake)

    async def held(self, replacement: Replacement) -> str | None:
        """The label `repave.hold` on the predecessor or the successor, or a volume of the engine that says so."""
        return await self._holds.held(replacement)

    async def launch(self, work: Work) -> Progress:
        """Create and start the successor."""
        return await launch.launch(self._crew, watched(work, self.held))

    async def await_ready(self, work: Work) -> Progress | Adopted:
        """Wait until the successor is healthy everywhere."""
        return await ready.await_ready(self._crew, watched(work, self.held))

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its balancer."""
        return await drain.drain(self._crew, watched(work, self.held))

    async def terminate(self, work: Work) -> Progress:
        """Stop and remove the predecessor, and give its name to the successor."""
        return await terminate.terminate(self._crew, watched(work, self.held))

    async def undo(self, work: Work) -> Progress:
        """Put a drained predecessor back, and remove the successor."""
        return await undo.undo(self._crew, watched(work, self.held))

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        """Put the balancer right, and end quarantines that are over."""
        return await upkeep.upkeep(self._crew, work)


PLATFORM = PlatformSpec(
    name="docker",
    options=DockerOptions,
    build=DockerPlatform,
    drift=("image_digest",),
    claims=lambda options: (*((url, options.label) for url in options.engines), *claimed(options.load_balancer)),
    summary="The containers of a Docker engine, or of several, that carry a label.",
    tampering=("filesystem_changed", "exec_seen"),
)
