"""HAProxy's servers, in a real HAProxy: added, checked before traffic, drained, dropped, and put right."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.balancers.haproxy import Haproxy, HaproxyOptions
from controller.clients.haproxy import Haproxies
from controller.clock import SystemClock
from controller.domain.errors import Held
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.support.eventually import eventually
from tests.support.haproxy import Backend, RealHaproxy, running_backends, running_haproxy, steady_load

NEW = "r-7f3a9c21d0"


@pytest.fixture
async def backends() -> AsyncIterator[tuple[Backend, ...]]:
    async with running_backends(3) as three:
        yield three


@pytest.fixture
async def proxy(tmp_path: Path, backends: tuple[Backend, ...]) -> AsyncIterator[RealHaproxy]:
    """HAProxy, its file saying web-1 and web-2."""
    async with running_haproxy(tmp_path, *file_of(*backends[:2])) as proxy:
        yield proxy


def file_of(*backends: Backend) -> tuple[str, ...]:
    return tuple(f"web-{number} {backend.where} check" for number, backend in enumerate(backends, 1))


def balancer_of(proxy: RealHaproxy, **more: object) -> Haproxy:
    options = HaproxyOptions.model_validate({"socket": proxy.socket, "backend": "edge", "inter": "0.1s", **more})
    return Haproxy(options, Haproxies(SystemClock()).at(proxy.socket))


def server_of(backend: Backend, name: str, **more: object) -> Server:
    return Server(f"id-{name}", name, backend.address, backend.port, **more)  # type: ignore[arg-type]


async def state_of(balancer: Haproxy, server: Server) -> str:
    found = (await balancer.targets("edge", (server,))).get(server.instance_id)
    return found.state if found else ""


async def registered(balancer: Haproxy, server: Server, gate: Gate | None = None) -> None:
    """Register until it is called healthy, as a runner does."""

    async def healthy() -> bool:
        await balancer.register("edge", server, gate or Gate())
        return await state_of(balancer, server) == "healthy"

    await eventually(healthy)


async def deregistered(balancer: Haproxy, server: Server, gate: Gate | None = None) -> None:
    async def unused() -> bool:
        await balancer.deregister("edge", server, gate or Gate())
        return await state_of(balancer, server) in ("unused", "")

    await eventually(unused)


def calls(gate: Gate) -> list[str]:
    return [f"{call.removeprefix('haproxy.')} {facts.get('state', '')}".strip() for call, facts in gate.announced]


async def test_a_successor_is_added_checked_and_then_gets_traffic(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, gate, newcomer = balancer_of(proxy), Gate(), server_of(backends[2], NEW)
    assert await state_of(balancer, newcomer) == ""
    await balancer.register("edge", newcomer, gate)
    assert calls(gate) == ["AddServer", "EnableHealth", "SetServer drain"]
    await registered(balancer, newcomer, gate)
    assert calls(gate) == ["AddServer", "EnableHealth", "SetServer drain", "SetServer ready"]
    assert gate.announced[0] == (
        "haproxy.AddServer",
        {"socket": proxy.socket, "backend": "edge", "server": NEW, "address": backends[2].where},
    )
    async with steady_load(proxy.url) as load:
        await eventually(lambda: served_by(load.answered, backends[2]))
    assert load.failures == []


async def served_by(answered: dict[str, int], backend: Backend) -> bool:
    return answered[backend.address] > 5


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
        backends[2].healthy = True
        assert backends[2].served == 0
        await registered(balancer, newcomer)
    assert load.failures == []


async def says(balancer: Haproxy, server: Server, state: str, words: str) -> bool:
    target = (await balancer.targets("edge", (server,)))[server.instance_id]
    return target.state == state and words in target.reason


async def test_a_server_of_the_file_is_taken_over_drained_and_kept_in_maintenance(
    proxy: RealHaproxy, backends: tuple[Backend, ...]
) -> None:
    balancer, gate, web_1 = balancer_of(proxy), Gate(), server_of(backends[0], "web-1")
    await registered(balancer, web_1, gate)
    assert calls(gate) == []
    backends[0].seconds = 0.3
    async with steady_load(proxy.url, clients=8) as load:
        await eventually(lambda: served_by(load.answered, backends[0]))
        await balancer.deregister("edge", web_1, gate)
        assert calls(gate) == ["SetServer drain"]
        assert await says(balancer, web_1, "draining", "session(s) left")
        await deregistered(balancer, web_1, gate)
        assert calls(gate) == ["SetServer drain", "SetServer maint"]
        await balancer.forget("edge", web_1, gate)
        await balancer.forget("edge", web_1, gate)
    assert load.failures == []
    assert calls(gate) == ["SetServer drain", "SetServer maint"]
    assert "web-1" in await proxy.say("show servers state edge")


async def test_a_drained_predecessor_serves_again(proxy: RealHaproxy, backends: tuple[Backend, ...]) -> None:
    balancer, web_1 = balancer_of(proxy), server_of(backends[0], "web-1")
    await deregistered(balancer, web_1)
    gate = Gate()
    await registered(balancer, web_1, gate)
    assert calls(gate) == ["EnableHealth", "SetServer drain", "SetServer ready"]


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
