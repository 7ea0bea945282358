"""HAProxy's servers, in a real HAProxy: added, checked before traffic, drained and dropped."""

import asyncio
from pathlib import Path

import pytest

from controller.balancers.haproxy import Haproxy
from controller.clients.haproxy import Haproxies
from controller.clock import SystemClock
from controller.domain.errors import Held
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.balancers.haproxy_fleet import (
    NEW,
    balancer_of,
    calls,
    deregistered,
    registered,
    served_by,
    server_of,
    state_of,
)
from tests.support.eventually import eventually
from tests.support.haproxy import Backend, RealHaproxy, running_haproxy, steady_load


async def test_a_successor_is_added_checked_and_then_gets_traffic(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, gate, newcomer = balancer_of(proxy), Gate(), server_of(backends[2], NEW)
    assert await state_of(balancer, newcomer) == ""
    await balancer.register("edge", newcomer, gate)
    assert calls(gate) == [f"AddServer {NEW}", f"EnableHealth {NEW}", f"SetServer {NEW} drain"]
    await registered(balancer, newcomer, gate)
    assert calls(gate) == [
        f"AddServer {NEW}",
        f"EnableHealth {NEW}",
        f"SetServer {NEW} drain",
        f"SetServer {NEW} ready",
    ]
    assert gate.announced[0] == (
        "haproxy.AddServer",
        {"socket": proxy.socket, "backend": "edge", "server": NEW, "address": backends[2].where},
    )
    async with steady_load(proxy.url) as load:
        await eventually(lambda: served_by(load.answered, backends[2]))
    assert load.failures == []


async def test_what_does_not_pass_haproxys_check_gets_no_request(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, newcomer = balancer_of(proxy), server_of(backends[2], NEW)
    backends[2].healthy = False
    async with steady_load(proxy.url) as load:
        for _ in range(3):
            await balancer.register("edge", newcomer, Gate())
        await eventually(lambda: served_by(load.answered, backends[0]))
        await eventually(lambda: says(balancer, newcomer, "draining", "L7STS"))
        await balancer.register("edge", newcomer, Gate())
        assert await says(balancer, newcomer, "unhealthy", "L7STS")
        await balancer.register("edge", newcomer, Gate())
        assert backends[2].served == 0
        backends[2].healthy = True
        await registered(balancer, newcomer)
    assert load.failures == []


async def is_asked(backend: Backend) -> bool:
    return backend.waiting > 0


async def says(balancer: Haproxy, server: Server, state: str, words: str) -> bool:
    target = (await balancer.targets("edge", (server,)))[server.instance_id]
    return target.state == state and words in target.reason


async def test_a_server_of_the_file_is_taken_over_drained_and_kept_in_maintenance(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, gate, web_1 = balancer_of(proxy), Gate(), server_of(backends[0], "web-1")
    await registered(balancer, web_1, gate)
    assert calls(gate) == []
    backends[0].held = asyncio.Event()
    async with steady_load(proxy.url, clients=8) as load:
        await eventually(lambda: is_asked(backends[0]))
        await balancer.deregister("edge", web_1, gate)
        assert calls(gate) == ["SetServer web-1 drain"]
        assert await says(balancer, web_1, "draining", "session(s) left")
        backends[0].held.set()
        await deregistered(balancer, web_1, gate)
        assert calls(gate) == ["SetServer web-1 drain", "SetServer web-1 maint"]
        await balancer.forget("edge", web_1, gate)
        await balancer.forget("edge", web_1, gate)
    assert load.failures == []
    assert calls(gate) == ["SetServer web-1 drain", "SetServer web-1 maint"]
    assert "web-1" in await proxy.say("show servers state edge")


async def test_a_drained_predecessor_serves_again(proxy: RealHaproxy, backends: tuple[Backend, ...]) -> None:
    balancer, web_1 = balancer_of(proxy), server_of(backends[0], "web-1")
    await deregistered(balancer, web_1)
    gate = Gate()
    await registered(balancer, web_1, gate)
    assert calls(gate) == ["EnableHealth web-1", "SetServer web-1 drain", "SetServer web-1 ready"]


async def test_a_predecessor_that_is_as_sick_as_before_goes_back_and_gets_no_request(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, web_1 = balancer_of(proxy), server_of(backends[0], "web-1")
    await deregistered(balancer, web_1)
    backends[0].healthy, backends[0].served = False, 0

    async def back() -> bool:
        await balancer.register("edge", web_1, Gate())
        return await state_of(balancer, web_1) == "unhealthy"

    async with steady_load(proxy.url) as load:
        await eventually(back)
        await eventually(lambda: served_by(load.answered, backends[1]))
    assert (load.failures, backends[0].served) == ([], 0)


async def test_an_added_server_is_deleted_once_nothing_holds_it(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, newcomer = balancer_of(proxy), server_of(backends[2], NEW)
    await registered(balancer, newcomer)
    await deregistered(balancer, newcomer)

    async def gone() -> bool:
        await balancer.forget("edge", newcomer, Gate())
        return NEW not in await proxy.say("show servers state edge")

    await eventually(gone)
    await balancer.forget("edge", newcomer, Gate())
    await balancer.deregister("edge", newcomer, Gate())


async def test_the_runtime_api_may_be_a_port(proxy: RealHaproxy, backends: tuple[Backend, ...]) -> None:
    balancer = balancer_of(proxy, socket=f"127.0.0.1:{proxy.admin_port}")
    await registered(balancer, server_of(backends[2], NEW))


async def test_what_the_siblings_are_declared_with_holds_for_an_added_server_too(
    tmp_path: Path, backends: tuple[Backend, ...]
) -> None:
    like = f"web-1 {backends[0].where} check inter 100ms rise 3 fall 4 weight 7 maxconn 50"
    async with running_haproxy(tmp_path, like) as proxy:
        balancer = balancer_of(proxy, weight=9, keywords="slowstart 1s pool-max-conn 5")
        await balancer.register("edge", server_of(backends[2], NEW), Gate())
        (_, row) = await Haproxies(SystemClock()).at(proxy.socket).servers("edge")
        assert (row.name, row.rise, row.fall, row.weight, row.maxconn) == (NEW, 3, 4, 9, 50)
        await registered(balancer, server_of(backends[2], NEW))


async def test_addresses_may_be_of_version_6(proxy: RealHaproxy) -> None:
    balancer, newcomer = balancer_of(proxy), Server("id-6", NEW, "fd00::1:5", 80)
    moved = Server("id-6", NEW, "fd00::1:6", 80)
    for server in (newcomer, moved):
        await balancer.register("edge", server, Gate())
        (row,) = [one for one in await Haproxies(SystemClock()).at(proxy.socket).servers("edge") if one.name == NEW]
        assert (row.address, row.port, row.is_draining) == (server.address, 80, True)


@pytest.mark.parametrize("method", ["register", "deregister", "forget"])
async def test_what_the_gate_refuses_changes_nothing(
    proxy: RealHaproxy, backends: tuple[Backend, ...], method: str
) -> None:
    balancer = balancer_of(proxy)
    server = server_of(backends[2], NEW) if method == "register" else server_of(backends[0], "web-1")
    before = [line.split()[:7] for line in (await proxy.say("show servers state edge")).splitlines()[2:]]
    with pytest.raises(Held):
        await getattr(balancer, method)("edge", server, Gate(refuses=Held("all held")))
    after = [line.split()[:7] for line in (await proxy.say("show servers state edge")).splitlines()[2:]]
    assert after == before
