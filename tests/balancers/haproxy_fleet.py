"""What the tests of HAProxy's servers share: a balancer of a real HAProxy, and how a runner uses it."""

from collections.abc import Sequence

from controller.balancers.haproxy import Haproxy, HaproxyOptions
from controller.clients.haproxy import Haproxies
from controller.clock import SystemClock
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.support.eventually import eventually
from tests.support.haproxy import Backend, RealHaproxy

NEW = "r-7f3a9c21d0"


def file_of(*backends: Backend) -> tuple[str, ...]:
    """The servers web-1, web-2 ... for HAProxy's file."""
    return tuple(f"web-{number} {backend.where} check" for number, backend in enumerate(backends, 1))


def balancer_of(proxy: RealHaproxy, **more: object) -> Haproxy:
    options = HaproxyOptions.model_validate({"socket": proxy.socket, "backend": "edge", "inter": "0.1s", **more})
    return Haproxy(options, Haproxies(SystemClock()).at(options.socket))


def server_of(backend: Backend, name: str, **more: object) -> Server:
    return Server(f"id-{name}", name, backend.address, backend.port, **more)  # type: ignore[arg-type]


async def state_of(balancer: Haproxy, server: Server) -> str:
    """The one word; empty where HAProxy has no server of it."""
    found = (await balancer.targets("edge", (server,))).get(server.instance_id)
    return found.state if found else ""


async def registered(balancer: Haproxy, server: Server, gate: Gate | None = None) -> None:
    """Register until it is called healthy, as a runner does."""

    async def healthy() -> bool:
        await balancer.register("edge", server, gate or Gate())
        return await state_of(balancer, server) == "healthy"

    await eventually(healthy)


async def deregistered(balancer: Haproxy, server: Server, gate: Gate | None = None) -> None:
    """Deregister until it is out."""

    async def unused() -> bool:
        await balancer.deregister("edge", server, gate or Gate())
        return await state_of(balancer, server) in ("unused", "")

    await eventually(unused)


async def put_right(
    balancer: Haproxy, servers: Sequence[Server], gate: Gate, busy: frozenset[str] = frozenset()
) -> list[str]:
    """Reconcile until there is nothing to do and all that are not busy are healthy; what was said."""
    said: list[str] = []

    async def quiet() -> bool:
        did = await balancer.reconcile("edge", servers, gate, busy=busy)
        said.extend(did)
        found = await balancer.targets("edge", servers)
        serving = (server for server in servers if server.running and server.instance_id not in busy)
        states = {found[server.instance_id].state for server in serving if server.instance_id in found}
        return not did and states <= {"healthy"}

    await eventually(quiet)
    return said


def calls(gate: Gate) -> list[str]:
    """What was announced, shortly: `SetServer web-1 drain`."""
    named = ((call.removeprefix("haproxy."), facts) for call, facts in gate.announced)
    return [f"{call} {facts['server']} {facts.get('state', '')}".strip() for call, facts in named]


async def served_by(answered: dict[str, int], backend: Backend) -> bool:
    return answered[backend.address] > 5
