"""Balancers without a hand on them: those that go by labels and health, and the engine's DNS."""

from typing import Any, cast

import pytest

from controller.app.clients import SharedClients
from controller.balancers import configurable
from controller.balancers.labels import BALANCER, LabelOptions, Labels
from controller.balancers.network_alias import NetworkAlias, NetworkAliasOptions
from controller.domain.ports import LoadBalancer, Server
from tests.balancers.gate import Gate
from tests.clients.fake_aws import VirtualClock

NOBODY = cast(Any, None)
HEALTHY: dict[str, Any] = {"healthy": True, "healthy_seconds": 60.0}


def labels(settle: str = "5s", clients: SharedClients | None = None) -> Labels:
    return Labels(LabelOptions.model_validate({"settle": settle}), clients or SharedClients(VirtualClock()))


def aliases(**options: Any) -> NetworkAlias:
    return NetworkAlias(NetworkAliasOptions.model_validate(options), NOBODY)


async def state(balancer: LoadBalancer, **facts: Any) -> tuple[str, str]:
    found = (await balancer.targets("edge", (Server("c1", "web-1", **facts),)))["c1"]
    assert found.balancer == "edge"
    return found.state, found.reason


@pytest.mark.parametrize(
    ("facts", "word", "reason"),
    [
        (HEALTHY, "healthy", ""),
        ({"healthy": True, "healthy_seconds": 4.9}, "initial", "5 s to notice"),
        ({"healthy": True}, "initial", "5 s to notice"),
        ({"healthy": False, "healthy_seconds": 60.0}, "unhealthy", "HEALTHCHECK does not pass"),
        ({}, "unknown", "without a HEALTHCHECK"),
        ({"running": False, **HEALTHY}, "unused", "does not run"),
        ({"leaving_seconds": 0.0, **HEALTHY}, "unused", "graceful end"),
    ],
)
async def test_by_labels_a_container_is_registered_when_it_is_healthy_and_noticed(
    facts: dict[str, Any], word: str, reason: str
) -> None:
    found = await state(labels(), **facts)
    assert found[0] == word
    assert reason in found[1]


async def test_health_is_remembered_for_longer_than_the_engine_does() -> None:
    clock = VirtualClock()
    clients = SharedClients(clock)
    passing: dict[str, Any] = {"healthy": True, "healthy_seconds": 2.0}
    assert (await state(labels(clients=clients), **passing))[0] == "initial"
    await clock.sleep(4.9)
    assert (await state(labels(clients=clients), **passing))[0] == "initial"
    await clock.sleep(0.1)
    assert (await state(labels(clients=clients), **passing))[0] == "healthy"
    assert (await state(labels(clients=clients), healthy=False))[0] == "unhealthy"
    assert (await state(labels(clients=clients), **passing))[0] == "initial"
    await clients.aclose()


async def test_a_balancer_that_notices_at_once_needs_no_time() -> None:
    assert await state(labels("0s"), healthy=True, healthy_seconds=0.0) == ("healthy", "")


def test_what_has_no_health_check_is_unfit_for_labels_and_for_them_alone() -> None:
    bare, checked = Server("c1", "web-1"), Server("c2", "web-2", healthy=False)
    assert "no HEALTHCHECK" in (BALANCER.unfit(bare) or "")
    assert BALANCER.unfit(checked) is None
    others = [spec for name, spec in configurable().items() if name != "labels"]
    assert [spec.unfit(bare) for spec in others] == [None] * len(others)


@pytest.mark.parametrize(
    ("facts", "word", "reason"),
    [
        ({"attached": frozenset({"web"})}, "healthy", ""),
        ({"attached": frozenset({"web", "more"}), **HEALTHY}, "healthy", ""),
        ({"attached": frozenset({"web"}), "healthy": False}, "unhealthy", "HEALTHCHECK"),
        ({"attached": frozenset({"more"})}, "unused", "no alias on web"),
        ({"attached": None}, "unused", "no alias"),
        ({"attached": frozenset({"web"}), "running": False}, "unused", "does not run"),
        ({"attached": frozenset({"web"}), "leaving_seconds": 2.0}, "draining", "3 s more"),
        ({"attached": frozenset({"web"}), "leaving_seconds": 5.0}, "unused", "had time"),
    ],
)
async def test_by_alias_a_container_is_registered_when_it_answers_to_it(
    facts: dict[str, Any], word: str, reason: str
) -> None:
    found = await state(aliases(networks=["web"]), **facts)
    assert found[0] == word
    assert reason in found[1]


async def test_by_default_any_alias_will_do() -> None:
    assert await state(aliases(), attached=frozenset({"web"})) == ("healthy", "")
    assert (await state(aliases()))[0] == "unused"


@pytest.mark.parametrize("balancer", [labels(), aliases()])
async def test_nothing_is_ever_called(balancer: LoadBalancer) -> None:
    gate, server = Gate(), Server("c1", "web-1")
    await balancer.register("edge", server, gate)
    await balancer.deregister("edge", server, gate)
    await balancer.forget("edge", server, gate)
    assert await balancer.reconcile("edge", (server,), gate) == ()
    assert gate.announced == []
