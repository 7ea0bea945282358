"""What the fleet's balancer says of its members, in the inventory."""

import re
from dataclasses import replace
from typing import Any

from controller.app.clients import SharedClients
from controller.domain.model import Inventory, Target
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.container import listed
from controller.platforms.docker.inspected import Inspected
from controller.platforms.docker.options import DockerOptions
from tests.support import fake_containers
from tests.support.fake_engine import FakeEngine
from tests.support.virtual import START

ALIASED = {"front": {"IPAddress": "10.1.0.9", "Aliases": ["web"], "IPAMConfig": None}}
BY_ALIAS: dict[str, Any] = {"network_alias": {}}


async def look(engine: FakeEngine, clients: SharedClients, balancer: Any) -> Inventory:
    options = DockerOptions.model_validate({"host": engine.url, "label": "fleet=edge", "load_balancer": balancer})
    return await DockerPlatform(options, clients).inventory()


def by_name(inventory: Inventory) -> dict[str, tuple[Target, ...]]:
    return {member.names[0]: member.targets for member in inventory.instances}


async def test_without_a_balancer_there_is_nobody_to_ask(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    inventory = await look(engine, clients, None)
    assert (by_name(inventory), inventory.groups[0].balancers) == ({"web-1": ()}, ())
    assert inventory.instances[0].serving


async def test_who_serves_is_what_the_balancer_says(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1", networks=ALIASED)
    engine.container("web-2")
    engine.container("web-3", networks=ALIASED, state="exited")
    inventory = await look(engine, clients, BY_ALIAS)
    assert by_name(inventory) == {
        "web-1": (Target("network_alias", "healthy"),),
        "web-2": (Target("network_alias", "unused", "it answers to no alias"),),
        "web-3": (Target("network_alias", "unused", "it does not run"),),
    }
    assert inventory.groups[0].balancers == ("network_alias",)
    assert [member.names[0] for member in inventory.instances if member.serving] == ["web-1"]


async def test_what_a_balancer_goes_by_is_asked_at_every_look(engine: FakeEngine, clients: SharedClients) -> None:
    full = engine.container("web-1", networks=ALIASED)
    assert (await look(engine, clients, BY_ALIAS)).instances[0].serving
    full.document["NetworkSettings"]["Networks"] = {"front": {"IPAddress": "10.1.0.9", "Aliases": None}}
    assert not (await look(engine, clients, BY_ALIAS)).instances[0].serving
    full.document["NetworkSettings"]["Networks"] = ALIASED
    assert (await look(engine, clients, BY_ALIAS)).instances[0].serving


async def test_a_balancer_that_does_not_go_by_health_costs_no_inspection(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    haproxy = {"haproxy": {"socket": "/nowhere/haproxy.sock", "backend": "edge"}}
    await look(engine, clients, haproxy)
    first = len(engine.calls())
    await look(engine, clients, haproxy)
    assert [call for call in engine.calls()[first:] if re.search("/containers/[0-9a-f]+/", call)] == []


async def test_the_list_tells_such_a_balancer_what_an_inspection_would(engine: FakeEngine) -> None:
    engine.container("web-1")
    engine.container("web-2", labels={"fleet": "edge", "repave.replacement": "r-7f3"})
    engine.container("r-8a1", labels={"fleet": "edge", "repave.replacement": "r-8a1"}, health={"Status": "starting"})
    engine.container("web-3", state="exited")
    engine.container("web-4", health={"Status": "unhealthy"}, networks=ALIASED, host={"NetworkMode": "front"})
    for document in (one.document for one in engine.containers.values()):
        inspected = Inspected(document).server(80, START)
        told = listed(fake_containers.listed(document)).server(80)
        health: Any = {"healthy": None, "healthy_seconds": None, "attached": None}  # which it does not go by
        assert replace(told, **health) == replace(inspected, **health), document["Name"]


async def test_a_balancer_that_cannot_be_read_leaves_everybody_unknown(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    inventory = await look(engine, clients, {"haproxy": {"socket": "/nowhere/haproxy.sock", "backend": "edge"}})
    (target,) = inventory.instances[0].targets
    assert target.state == "unknown"
    assert target.reason in inventory.gaps
    assert "could not be read: " in target.reason
    assert not inventory.instances[0].serving


async def test_who_cannot_be_replaced_behind_it_is_left_alone(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    engine.container("web-2", health={"Status": "healthy", "Log": []})
    inventory = await look(engine, clients, {"labels": {}})
    found = {member.names[0]: [veto.rule for veto in member.vetoes] for member in inventory.instances}
    assert found == {"web-1": ["unsupported_group"], "web-2": []}
