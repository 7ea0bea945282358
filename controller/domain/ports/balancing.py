"""What sends traffic to instances: the port of load balancers, and what a kind of them exports."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.domain.model import Target
from controller.domain.ports.acting import Mutate
from controller.domain.ports.system import Resources


@dataclass(frozen=True, slots=True)
class Server:
    """One instance, as a balancer has to know it. Its platform fills in what it knows.

    name: under which the balancer lists it. also: other names under which the balancer's own file may have it.
    address, port: where it answers; empty while it has no address.
    running: whether it runs. healthy: what its platform's own check says; None without a check.
    healthy_seconds: for how long that has been so, or for how long it runs where there is no check; None: not known.
    attached: the networks on which it answers to its aliases; None where it has none to answer to.
    leaving_seconds: how long ago its drain began; None while nobody takes it out.
    """

    instance_id: str
    name: str = ""
    address: str = ""
    port: int = 0
    also: tuple[str, ...] = ()
    running: bool = True
    healthy: bool | None = None
    healthy_seconds: float | None = None
    attached: frozenset[str] | None = None
    leaving_seconds: float | None = None


class LoadBalancer(Protocol):
    """What sends traffic to instances. One object serves many balancers of one kind, named by id.

    All methods raise PlatformError. Each is a look or one small advance, can be called again at any time, and changes
    nothing that is already as it should be. So `register` is called at every look until `targets` says healthy, and
    `deregister` until `targets` says unused, or nothing of the instance any more.
    """

    @abstractmethod
    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        """What the balancer says of each of these, by instance id; one that it does not know is left out.

        Balancers that know instances by their ids answer for all that are registered, whoever is asked about.
        """

    @abstractmethod
    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Send traffic to an instance (again), once the balancer's own check has passed."""

    @abstractmethod
    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Stop sending new traffic to an instance; connections in flight may end."""

    async def forget(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Drop an instance that has ended, or is about to, as far as the balancer lets it go: nothing, unless one has
        to be told."""
        return

    async def reconcile(
        self, balancer: str, servers: Sequence[Server], mutate: Mutate, *, busy: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """Make the balancer send traffic to these, the members of a fleet, and to nothing that claims to be one of
        them. Returns a sentence for each thing done or noticed.

        servers: every member, the stopped ones too. busy: ids of members, and names of servers, whose place a
        replacement under way decides: they are left as they are. A server that is none of the fleet's is left alone.
        Nothing, unless the balancer forgets what it was told.
        """
        return ()


def _fits(_: Server) -> None:
    """Every server does."""


@dataclass(frozen=True, slots=True)
class BalancerSpec:
    """What a file in `controller/balancers/` exports as BALANCER.

    name: the key under a fleet's `load_balancer:`. options: the pydantic model (frozen) of what it is told; None for a
    kind that its platform finds by itself. build: makes the balancer from its options and the shared clients.
    balancer_id: the id of the one that these options mean.
    one_fleet: whether it can be one fleet's only, because what is no member's there goes.
    unfit: why a member cannot be replaced behind it without harm, in words that follow its name; None when it can.
    closely: whether it goes by what platforms tell only of each instance apart: for how long it has been healthy, and
    where it answers to its aliases.
    """

    name: str
    summary: str
    build: Callable[[Any, Resources], LoadBalancer]
    options: type[Any] | None = None
    balancer_id: Callable[[Any], str] = str
    one_fleet: bool = False
    unfit: Callable[[Server], str | None] = _fits
    closely: bool = False
