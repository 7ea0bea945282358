"""EC2 Auto Scaling groups: launch first by desired + 1 (or LaunchInstances), drain, terminate with decrement."""

from collections.abc import Callable

from controller.balancers.target_group import TargetGroups
from controller.clients.aws import Aws
from controller.domain.model import Inventory
from controller.domain.ports import Adopted, PlatformSpec, Progress, Resources, Upkeep, Work
from controller.domain.replacement import Replacement
from controller.platforms.asg import drain, launch, ready, terminate, undo
from controller.platforms.asg.facts import FactCache, Facts
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.inventory import Inventories
from controller.platforms.asg.launch_instances import SynchronousLaunch
from controller.platforms.asg.ledger import Ledger
from controller.platforms.asg.options import AsgOptions
from controller.platforms.asg.tags import Tags
from controller.platforms.asg.template import Templates


class AsgPlatform:
    """Implements the Platform port for one fleet: one group or several of one account and region."""

    takes_turns = True

    def __init__(self, options: AsgOptions, resources: Resources) -> None:
        aws, ledger, cache = resources.get(Aws), resources.get(Ledger), resources.get(FactCache)
        balancers = TargetGroups(aws, options.scope)
        self._facts = Facts(aws, options.scope, cache)
        self._gateway = Gateway(aws, options.scope, balancers, ledger)
        self._tags = Tags(aws, options.scope)
        self._synchronous = SynchronousLaunch(aws, options.scope) if options.chooses_zone else None
        templates = Templates(aws, options.scope, self._facts, cache)
        self._inventories = Inventories(aws, options, balancers, self._facts, templates, self._tags, ledger.clock)

    async def inventory(self) -> Inventory:
        """The groups and their members as they are now."""
        return await self._inventories.read()

    def on_change(self, wake: Callable[[], None]) -> Callable[[], None]:
        """A group tells nothing by itself."""
        del wake
        return lambda: None

    async def held(self, replacement: Replacement) -> str | None:
        """The tag `repave:hold` on the group, on the predecessor or on the successor."""
        return await self._tags.held(replacement)

    async def launch(self, work: Work) -> Progress:
        """Bring up one more: by desired + 1, or where it was asked for by LaunchInstances."""
        if self._synchronous is not None:
            return await self._synchronous.launch(self._gateway, self._facts, work)
        return await launch.launch(self._gateway, self._facts, work)

    async def await_ready(self, work: Work) -> Progress | Adopted:
        """Protect the newcomer, and wait until it is in service and healthy everywhere."""
        return await ready.await_ready(self._gateway, self._facts, work)

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its target groups."""
        return await drain.drain(self._gateway, work)

    async def terminate(self, work: Work) -> Progress:
        """Terminate the predecessor with decrement, and make the successor a member like any other."""
        return await terminate.terminate(self._gateway, self._facts, work)

    async def undo(self, work: Work) -> Progress:
        """Register the predecessor again, and give the surge back."""
        return await undo.undo(self._gateway, work)

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        """Nothing: a group keeps its members, and its target groups, by itself."""
        del work
        return ()


PLATFORM = PlatformSpec(
    name="asg",
    options=AsgOptions,
    build=AsgPlatform,
    drift=("launch_template", "image"),
    summary="An EC2 Auto Scaling group, by name, or several by tag.",
)
