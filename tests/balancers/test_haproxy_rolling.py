"""A whole fleet is rolled behind a real HAProxy, which reloads in the middle, and no request fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from controller.balancers.haproxy import Haproxy
from controller.clients.haproxy_calls import MUTATIONS
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.balancers.haproxy_fleet import balancer_of, deregistered, file_of, registered, server_of
from tests.support.eventually import eventually
from tests.support.haproxy import running_backends, running_haproxy, steady_load


@asynccontextmanager
async def ticks(balancer: Haproxy, fleet: Sequence[Server], busy: set[str]) -> AsyncIterator[None]:
    """The upkeep of a daemon that looks often, beside what replaces."""

    async def upkeep() -> None:
        while True:
            await balancer.reconcile("edge", tuple(fleet), Gate(), busy=frozenset(busy))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(upkeep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_no_request_fails_while_all_are_replaced_and_haproxy_reloads(tmp_path: Path) -> None:
    async with (
        running_backends(6) as backends,
        running_haproxy(tmp_path, *file_of(*backends[:3])) as proxy,
        steady_load(proxy.url, clients=6) as load,
    ):
        balancer, gate, busy = balancer_of(proxy), Gate(), set[str]()
        fleet = [server_of(backend, f"web-{number}") for number, backend in enumerate(backends[:3], 1)]
        async with ticks(balancer, fleet, busy):
            for place, (old, new) in enumerate(zip(backends[:3], backends[3:], strict=True)):
                name = f"r-000000000{place}"
                predecessor, successor = fleet[place], server_of(new, name, also=(f"web-{place + 1}",))
                busy |= {predecessor.instance_id, successor.instance_id, name}
                fleet.append(successor)
                await registered(balancer, successor, gate)
                if place == 1:
                    await proxy.reload(*file_of(*backends[:3]))
                    await registered(balancer, successor, gate)
                await deregistered(balancer, predecessor, gate)
                await old.stop()
                await balancer.forget("edge", predecessor, gate)
                fleet[place] = fleet.pop()
                busy.clear()
            before = [backend.served for backend in backends[3:]]

            async def all_serve() -> bool:
                return all(backend.served > was for backend, was in zip(backends[3:], before, strict=True))

            await eventually(all_serve)
            states = await balancer.targets("edge", fleet)
            assert [states[server.instance_id].state for server in fleet] == ["healthy"] * 3
    assert load.failures == []
    announced = {call.removeprefix("haproxy.") for call, _ in gate.announced}
    assert {"AddServer", "EnableHealth", "SetServer"} <= announced <= MUTATIONS.keys()
    assert sum(load.answered.values()) > 100
