"""No balancer: clients find containers by an alias in the engine's DNS, which answers with all that bear it.

The platform attaches a successor's aliases once it is ready, and that registers it. An alias cannot be taken from a
container without cutting its connections, so a predecessor bears its own to the end; what passes as a drain is a time
in which clients find the successor too. Who has kept the predecessor's address for longer will fail once.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from controller.clients.option_types import OptionDurationOrNone
from controller.domain.model import Target
from controller.domain.ports import BalancerSpec, LoadBalancer, Mutate, Resources, Server


class NetworkAliasOptions(BaseModel):
    """Aliases on the engine's networks, which its DNS resolves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: tuple[str, ...] = Field(
        default=(), max_length=20, description="those on which clients look; by default every one that has an alias"
    )
    settle: OptionDurationOrNone = Field(
        default=5.0, description="how long clients keep an address: a predecessor stays for so long"
    )


class NetworkAlias(LoadBalancer):
    """Implements the LoadBalancer port by who answers to its aliases; the engine's DNS forgets who has gone."""

    def __init__(self, options: NetworkAliasOptions, resources: Resources) -> None:
        self._options = options

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        """Whom the engine's DNS can answer with."""
        return {server.instance_id: Target(balancer, *self._state(server)) for server in servers}

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Nothing: the platform attaches the aliases."""

    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Nothing: taking an alias away would cut connections."""

    def _state(self, server: Server) -> tuple[str, str]:
        if not server.running:
            return "unused", "it does not run"
        missing = sorted(set(self._options.networks) - (server.attached or frozenset()))
        if server.attached is None or missing:
            return "unused", f"it answers to no alias{' on ' + ', '.join(missing) if missing else ''}"
        if server.leaving_seconds is not None:
            left = self._options.settle - server.leaving_seconds
            if left > 0:
                return "draining", f"clients may keep its address for {left:.0f} s more"
            return "unused", "clients had time to find another"
        if server.healthy is False:
            return "unhealthy", "its HEALTHCHECK does not pass"
        return "healthy", ""


BALANCER = BalancerSpec(
    name="network_alias",
    options=NetworkAliasOptions,
    build=NetworkAlias,
    balancer_id=lambda _: "network_alias",
    summary="No balancer: aliases in the engine's DNS.",
    closely=True,
)
