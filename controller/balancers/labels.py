"""Balancers that find containers by themselves, by their labels, and send traffic to the healthy ones alone: Traefik,
docker-gen and the like.

There is nothing to call. The successor bears the routing labels from its creation, as labels cannot be changed later;
it is registered once its own HEALTHCHECK passes and the balancer has had time to notice. A container without one gets
requests as soon as it runs, ready or not: it cannot be followed, and is unfit. Nobody can be taken out either: the
graceful end of a predecessor, in the time that its stop signal gives it, is its drain.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from controller.clients.option_types import OptionDurationOrNone
from controller.domain.model import Target
from controller.domain.ports import BalancerSpec, Clock, LoadBalancer, Mutate, Resources, Server

MOST_REMEMBERED = 1000
"""Containers whose health is remembered; the oldest are forgotten first."""


class LabelOptions(BaseModel):
    """A balancer that finds containers by their labels, and sends traffic to the healthy ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle: OptionDurationOrNone = Field(
        default=5.0, description="how long after a container is healthy the balancer has surely noticed"
    )


class Noticed:
    """Since when each container has been seen healthy without a break: the engine remembers its last five checks only,
    which may be a few seconds. Shared by all who ask; after a restart of the daemon it begins again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, datetime] = {}

    def seconds(self, instance_id: str, *, healthy: bool) -> float:
        """For how long, with what is seen now."""
        now = self._clock.now()
        if not healthy:
            self._since.pop(instance_id, None)
            return 0.0
        since = self._since.setdefault(instance_id, now)
        while len(self._since) > MOST_REMEMBERED:
            del self._since[next(iter(self._since))]
        return (now - since).total_seconds()

    async def aclose(self) -> None:
        """Nothing is open."""


class Labels(LoadBalancer):
    """Implements the LoadBalancer port by what the containers' own checks say; the balancer looks for itself."""

    def __init__(self, options: LabelOptions, resources: Resources) -> None:
        self._settle_seconds = options.settle
        self._noticed = resources.get(Noticed)

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        """What a balancer that goes by health has to make of each of these."""
        return {server.instance_id: Target(balancer, *self._state(server)) for server in servers}

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Nothing: the labels are there, and health comes by itself."""

    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Nothing: no hand is on the balancer."""

    def _state(self, server: Server) -> tuple[str, str]:
        seen_seconds = self._noticed.seconds(server.instance_id, healthy=server.running and server.healthy is True)
        if not server.running:
            return "unused", "it does not run"
        if server.leaving_seconds is not None:
            return "unused", "its drain is its own graceful end: nobody can take it out"
        if server.healthy is None:
            return "unknown", "without a HEALTHCHECK nobody knows whether the balancer sends it requests too early"
        if not server.healthy:
            return "unhealthy", "its HEALTHCHECK does not pass"
        if max(server.healthy_seconds or 0.0, seen_seconds) < self._settle_seconds:
            return "initial", f"healthy, and the balancer gets {self._settle_seconds:g} s to notice"
        return "healthy", ""


def _unfit(server: Server) -> str | None:
    if server.healthy is None:
        return "has no HEALTHCHECK: a balancer that goes by labels would send it requests before it can answer"
    return None


BALANCER = BalancerSpec(
    name="labels",
    options=LabelOptions,
    build=Labels,
    balancer_id=lambda _: "labels",
    unfit=_unfit,
    summary="A balancer that finds healthy containers by their labels, such as Traefik.",
    closely=True,
)
