"""What the fleet's balancer says of its members, as one look at the fleet needs it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.errors import PlatformError
from controller.domain.model import Target
from controller.domain.ports import Resources, Server
from controller.domain.veto import Needs, Veto
from controller.platforms.docker.container import Container
from controller.platforms.docker.inspected import Inspected
from controller.platforms.docker.load_balancer import Balancing, OneBalancer


@dataclass(frozen=True, slots=True)
class Front:
    """One look. balancers: the ids of those that were asked. gap: why one could not be read, if so."""

    balancers: tuple[str, ...] = ()
    found: Mapping[str, Target] = field(default_factory=dict)
    unfit: Mapping[str, str] = field(default_factory=dict)
    gap: str = ""

    def targets(self, member: Container) -> tuple[Target, ...]:
        """One for each balancer. Who could not be asked about is unknown, and so does not count as serving."""
        if self.gap:
            return tuple(Target(balancer, "unknown", self.gap) for balancer in self.balancers)
        none = (Target(balancer, "unused", "not registered") for balancer in self.balancers)
        own = self.found.get(member.short_id)
        return (own,) if own else tuple(none)

    def vetoes(self, member: Container) -> Iterator[Veto]:
        """Who cannot be replaced behind this balancer without harm."""
        if member.short_id in self.unfit:
            yield Veto("unsupported_group", f"{member.name} {self.unfit[member.short_id]}", Needs.PERSON)


class Frontage:
    """Asks the one balancer of a fleet, if it has one."""

    def __init__(self, options: OneBalancer | None, resources: Resources) -> None:
        self._balancing = Balancing.of(options, resources) if options is not None else None

    @property
    def looks_closely(self) -> bool:
        """Whether the fleet has a balancer that goes by what inspecting its members tells, at each look."""
        return self._balancing is not None and self._balancing.closely

    async def look(self, members: Sequence[Container], now: datetime) -> Front:
        """What is said of these. A balancer that cannot be read is a gap, and everybody's state in it unknown."""
        balancing = self._balancing
        if balancing is None:
            return Front()
        servers = [_server(member, balancing.port, now) for member in members]
        own = (balancing.id,)
        words = ((server.instance_id, balancing.unfit(server)) for server in servers if server.running)
        unfit = {instance_id: said for instance_id, said in words if said}
        try:
            return Front(own, await balancing.balancer.targets(balancing.id, servers), unfit)
        except PlatformError as error:
            return Front(own, {}, unfit, f"{balancing.id} could not be read: {error}")


def _server(member: Container, port: int | None, now: datetime) -> Server:
    if member.document is not None:
        return Inspected(member.document).server(port, now)
    return member.server(port)
