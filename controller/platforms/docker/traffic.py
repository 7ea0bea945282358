"""The fleet's one balancer, as the steps use it. Without one, a container that runs and is healthy serves."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.model import Target
from controller.domain.ports import LoadBalancer, Mutate, Resources, Server
from controller.platforms.docker.load_balancer import Balancing, OneBalancer

OUT = ("unused",)
"""States of a target that gets no traffic and has no session left."""

NOT_IN = ("unused", "draining")
"""States of a target that gets no new traffic."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """balancer: None where there is none. id: by which it is asked. port: on which the containers answer behind it."""

    balancer: LoadBalancer | None = None
    id: str = ""
    port: int | None = None

    @classmethod
    def of(cls, options: OneBalancer | None, resources: Resources) -> "Traffic":
        """What a fleet's `load_balancer:` means."""
        if options is None:
            return cls()
        found = Balancing.of(options, resources)
        return cls(found.balancer, found.id, found.port)

    async def missing(self, server: Server, mutate: Mutate) -> str | None:
        """Bring a server a step further into service; what is still missing, or None once it serves."""
        target = await self._target(server)
        if self.balancer is None or (target is not None and target.state == "healthy"):
            return None
        await self.balancer.register(self.id, server, mutate)
        target = await self._target(server)
        if target is not None and target.state == "healthy":
            return None
        return f"{server.name} is not healthy in {self.id}: {_words(target)}"

    async def put_back(self, server: Server, mutate: Mutate) -> str | None:
        """Have a server take new traffic again, however well it is; what is still missing, or None."""
        if self.balancer is None or _takes(await self._target(server)):
            return None
        await self.balancer.register(self.id, server, mutate)
        target = await self._target(server)
        return None if _takes(target) else f"{server.name} goes back into {self.id}: {_words(target)}"

    async def leaving(self, server: Server, mutate: Mutate) -> str | None:
        """Take a server a step further out of service; what is still to be waited for, or None once it is out."""
        target = await self._target(server)
        if self.balancer is None or target is None or target.state in OUT:
            return None
        await self.balancer.deregister(self.id, server, mutate)
        target = await self._target(server)
        if target is None or target.state in OUT:
            return None
        return f"{server.name} is leaving {self.id}: {_words(target)}"

    async def forget(self, server: Server, mutate: Mutate) -> None:
        """Drop a server that has ended."""
        if self.balancer is not None:
            await self.balancer.forget(self.id, server, mutate)

    async def reconcile(self, servers: Sequence[Server], mutate: Mutate, busy: frozenset[str]) -> tuple[str, ...]:
        """Put the balancer right; see the port."""
        if self.balancer is None:
            return ()
        return await self.balancer.reconcile(self.id, servers, mutate, busy=busy)

    async def _target(self, server: Server) -> Target | None:
        if self.balancer is None:
            return None
        return (await self.balancer.targets(self.id, (server,))).get(server.instance_id)


def _takes(target: Target | None) -> bool:
    return target is not None and target.state not in NOT_IN


def _words(target: Target | None) -> str:
    return f"{target.state} {target.reason}".strip() if target else "not there yet"
