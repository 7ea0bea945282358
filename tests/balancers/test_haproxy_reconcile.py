"""HAProxy's servers put right: after a reload, and where addresses and names go to others."""

from pathlib import Path

import pytest

from controller.domain.errors import Held, LeaseLost
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.balancers.haproxy_fleet import (
    NEW,
    balancer_of,
    calls,
    deregistered,
    file_of,
    put_right,
    registered,
    served_by,
    server_of,
    state_of,
)
from tests.support.eventually import eventually
from tests.support.haproxy import Backend, RealHaproxy, running_haproxy, steady_load

Three = tuple[Backend, ...]


async def test_a_fleet_that_is_in_order_is_left_alone(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    fleet = (server_of(backends[0], "web-1"), server_of(backends[1], "web-2"))
    await registered(balancer, fleet[0])
    for _ in range(3):
        assert await balancer.reconcile("edge", fleet, gate) == ()
    assert calls(gate) == []


async def test_what_a_reload_forgot_is_added_again_and_no_request_fails(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    fleet = (*(server_of(backends[n], f"web-{n + 1}") for n in (0, 1)), server_of(backends[2], NEW))
    await registered(balancer, fleet[2])
    async with steady_load(proxy.url) as load:
        await eventually(lambda: served_by(load.answered, backends[2]))
        await proxy.reload(*file_of(*backends[:2]))
        assert await state_of(balancer, fleet[2]) == ""
        said = await put_right(balancer, fleet, gate)
        before = backends[2].served
        await eventually(lambda: more_than(backends[2], before))
    assert load.failures == []
    assert said == [
        f"{NEW}: added at {backends[2].where}, and checked before it gets traffic",
        f"{NEW}: gets traffic",
    ]


async def more_than(backend: Backend, before: int) -> bool:
    return backend.served > before


async def test_what_the_file_had_before_it_was_replaced_does_not_come_back(proxy: RealHaproxy, backends: Three) -> None:
    """web-1 was replaced, and its successor bears its name; a stranger has its old address."""
    balancer, gate = balancer_of(proxy), Gate()
    predecessor, successor = server_of(backends[0], "web-1"), server_of(backends[2], NEW, also=("web-1",))
    fleet = (successor, server_of(backends[1], "web-2"))
    await registered(balancer, successor)
    await deregistered(balancer, predecessor)
    await balancer.forget("edge", predecessor, Gate())
    await proxy.reload(*file_of(*backends[:2]))
    said = await put_right(balancer, fleet, gate)
    assert calls(gate)[0] == "SetServer web-1 maint"
    assert said[0] == f"web-1 at {backends[0].where} is not the member it claims to be: in maintenance"
    assert [await state_of(balancer, one) for one in fleet] == ["healthy", "healthy"]
    assert await balancer.reconcile("edge", fleet, gate) == ()
    backends[0].served = 0
    async with steady_load(proxy.url) as load:
        await eventually(lambda: served_by(load.answered, backends[2]))
    assert (load.failures, backends[0].served) == ([], 0)


async def test_a_container_is_never_two_servers(proxy: RealHaproxy, backends: Three) -> None:
    """Docker gave web-1's old address to the successor; HAProxy's file still has web-1 there."""
    balancer, gate, newcomer = balancer_of(proxy), Gate(), server_of(backends[0], NEW)
    await registered(balancer, newcomer, gate)
    assert calls(gate)[0] == "SetServer web-1 maint"
    await proxy.say("set server edge/web-1 state ready")
    assert "web-1" in (await balancer.reconcile("edge", (newcomer,), gate))[0]
    assert await state_of(balancer, server_of(backends[0], "web-1")) == "unused"


async def test_a_member_that_has_another_address_now_is_followed_there(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    fleet = (server_of(backends[2], "web-1"), server_of(backends[1], "web-2"))
    assert await state_of(balancer, fleet[0]) == "unused"
    backends[0].seconds = 0.2
    async with steady_load(proxy.url) as load:
        await eventually(lambda: served_by(load.answered, backends[0]))
        said = await put_right(balancer, fleet, gate)
        backends[0].served = 0
        await eventually(lambda: served_by(load.answered, backends[2]))
    assert (load.failures, backends[0].served) == ([], 0)
    assert said == [
        f"web-1: in maintenance at {backends[0].where}, where it is no more",
        f"web-1: now at {backends[2].where} instead of {backends[0].where}, and checked first",
        "web-1: gets traffic",
    ]


async def test_a_member_that_does_not_run_loses_its_place_until_it_does(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    stopped, other = Server("id-web-1", "web-1", running=False), server_of(backends[1], "web-2")
    assert await put_right(balancer, (stopped, other), gate) == ["web-1 does not run: in maintenance"]
    said = await put_right(balancer, (server_of(backends[0], "web-1"), other), gate)
    assert said == ["web-1: taken out of maintenance, and checked before it gets traffic", "web-1: gets traffic"]


async def test_who_is_in_the_middle_of_something_is_left_there(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    fleet = (server_of(backends[0], "web-1"), server_of(backends[1], "web-2"))
    await deregistered(balancer, fleet[0])
    assert await balancer.reconcile("edge", fleet, gate, busy=frozenset({"id-web-1"})) == ()
    await registered(balancer, server_of(backends[2], NEW))
    assert await balancer.reconcile("edge", fleet[1:], gate, busy=frozenset({NEW})) == ()
    assert calls(gate) == []


async def test_servers_of_containers_that_are_gone_go_too(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    fleet = (server_of(backends[0], "web-1"), server_of(backends[1], "web-2"))
    await registered(balancer, server_of(backends[2], NEW))
    said = await put_right(balancer, fleet, gate)
    assert said[0].startswith(f"{NEW} is nobody's any more")
    assert NEW not in await proxy.say("show servers state edge")


async def test_strangers_are_left_alone_and_said_once(tmp_path: Path, backends: Three) -> None:
    mine, other = backends[0], backends[1]
    async with running_haproxy(tmp_path, f"web-1 {mine.where} check", f"legacy {other.where} check") as proxy:
        balancer, gate, fleet = balancer_of(proxy), Gate(), (server_of(mine, "web-1"),)
        assert await balancer.reconcile("edge", fleet, gate) == ("legacy is no member's server: left alone",)
        assert await balancer.reconcile("edge", fleet, gate) == ()
        assert calls(gate) == []


async def test_two_members_with_one_address_cannot_be_told_apart_and_nothing_is_done(
    proxy: RealHaproxy, backends: Three
) -> None:
    """Two engines may number their networks alike; the one of them that HAProxy reaches is not known."""
    balancer, gate = balancer_of(proxy), Gate()
    twins = (server_of(backends[0], "web-1"), server_of(backends[0], "web-9"))
    other = server_of(backends[2], "web-3")
    said = await balancer.reconcile("edge", (*twins, other), gate)
    assert said[0].startswith("web-3: added")
    assert [one for one in said if "another member" in one] == [
        f"{name} has the address of another member: left alone" for name in ("web-1", "web-9")
    ]
    assert {call.split()[1] for call in calls(gate)} == {"web-3"}
    assert await state_of(balancer, twins[0]) == "healthy"


async def test_the_file_may_have_a_member_under_a_name_of_its_own(tmp_path: Path, backends: Three) -> None:
    async with running_haproxy(tmp_path, f"s1 {backends[0].where} check") as proxy:
        balancer, gate, web_1 = balancer_of(proxy), Gate(), server_of(backends[0], "web-1")
        assert await balancer.reconcile("edge", (web_1,), gate) == ()
        await deregistered(balancer, web_1, gate)
        assert calls(gate) == ["SetServer s1 drain", "SetServer s1 maint"]


async def test_a_fleet_without_members_changes_nothing(proxy: RealHaproxy, backends: Three) -> None:
    balancer, gate = balancer_of(proxy), Gate()
    await registered(balancer, server_of(backends[2], NEW))
    assert await balancer.reconcile("edge", (), gate) == ()
    assert calls(gate) == []


@pytest.mark.parametrize("stop", [Held("all held"), LeaseLost("another's")])
async def test_a_stop_is_a_stop(proxy: RealHaproxy, backends: Three, stop: Exception) -> None:
    balancer = balancer_of(proxy)
    fleet = (server_of(backends[0], "web-1"), server_of(backends[2], "web-3"))
    with pytest.raises(type(stop)):
        await balancer.reconcile("edge", fleet, Gate(refuses=stop))
    assert "web-3" not in await proxy.say("show servers state edge")


async def test_one_that_cannot_be_put_right_does_not_keep_the_others_wrong(tmp_path: Path, backends: Three) -> None:
    """A backend with a static algorithm takes no new servers."""
    async with running_haproxy(tmp_path, *file_of(*backends[:2]), balance="static-rr") as proxy:
        balancer = balancer_of(proxy)
        await proxy.say("set server edge/web-1 state maint")
        fleet = (server_of(backends[2], "web-3"), server_of(backends[0], "web-1"))
        said = await balancer.reconcile("edge", fleet, Gate())
        assert "web-3 cannot be put right: haproxy.AddServer" in said[0]
        assert "the backend needs `balance roundrobin`" in said[0]
        assert said[1].startswith("web-1: taken out of maintenance")
