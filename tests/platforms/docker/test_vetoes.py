"""Whom Repave leaves alone on an engine, and in which words: every way to be one of a kind, and what is fine."""

from pathlib import Path
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.domain.errors import Permanent
from controller.domain.model import Inventory
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.options import DockerOptions
from tests.support.fake_engine import FakeEngine

EDGE = {"fleet": "edge"}
ANONYMOUS = "ab" * 32


async def look(engine: FakeEngine, clients: SharedClients, **options: Any) -> Inventory:
    declared = DockerOptions(**{"host": engine.url, "label": "fleet=edge", **options})
    return await DockerPlatform(declared, clients).inventory()


def of(inventory: Inventory, name: str = "web-1") -> dict[str, str]:
    member = next(member for member in inventory.instances if member.names[0] == name)
    return {veto.rule: veto.reason for veto in member.vetoes}


async def said(engine: FakeEngine, clients: SharedClients, container: Any, **options: Any) -> dict[str, str]:
    engine.container("web-1", **container)
    return of(await look(engine, clients, **options))


def mount(kind: str, source: str, target: str, *, writable: bool = True, name: str = "") -> dict[str, Any]:
    return {"Type": kind, "Source": source, "Destination": target, "RW": writable, "Name": name}


async def test_an_ordinary_container_may_be_replaced(engine: FakeEngine, clients: SharedClients) -> None:
    compose = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    assert await said(engine, clients, {"labels": EDGE | compose}) == {}


# stateful

DATA = mount("volume", "/var/lib/docker/volumes/shop/_data", "/data", name="shop")
BESIDE = "; `volumes: shared` lets its successor do so beside it"
HARMLESS = [
    mount("tmpfs", "", "/tmp"),
    mount("volume", "/var/lib/docker/volumes/conf/_data", "/conf", writable=False, name="conf"),
    mount("bind", "/etc/app", "/etc/app", writable=False),
    mount("bind", "/var/run/docker.sock", "/var/run/docker.sock"),
]


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (DATA, f"web-1 writes to volume shop at /data{BESIDE}"),
        (
            mount("volume", f"/var/lib/docker/volumes/{ANONYMOUS}/_data", "/data", name=ANONYMOUS),
            f"web-1 writes to an anonymous volume (abababababab) at /data{BESIDE}",
        ),
        (
            mount("bind", "/srv/data", "/data"),
            f"web-1 writes to /srv/data of the host at /data{BESIDE}",
        ),
    ],
)
async def test_what_keeps_data_is_stateful(engine: FakeEngine, clients: SharedClients, kept: Any, words: str) -> None:
    assert await said(engine, clients, {"mounts": [*HARMLESS, kept]}) == {"stateful": words}


async def test_what_is_read_only_or_passes_away_is_fine(engine: FakeEngine, clients: SharedClients) -> None:
    assert await said(engine, clients, {"mounts": HARMLESS}) == {}


async def test_shared_volumes_are_fine_where_the_config_says_so(engine: FakeEngine, clients: SharedClients) -> None:
    assert await said(engine, clients, {"mounts": [DATA]}, volumes="shared") == {}


async def test_the_label_says_stateful_whatever_the_config_says(engine: FakeEngine, clients: SharedClients) -> None:
    labels = EDGE | {"repave.stateful": "sessions"}
    found = await said(engine, clients, {"labels": labels}, volumes="shared")
    assert found == {"stateful": "web-1 bears the label repave.stateful: sessions"}


# exclusive

PORT = {"PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}}
STATIC = {"front": {"IPAddress": "10.1.0.9", "IPAMConfig": {"IPv4Address": "10.1.0.9"}}}
TAKES_ANOTHER = "; `ports: LOW-HIGH` lets its successor take another"


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"networks": STATIC}, "web-1 has the fixed address 10.1.0.9"),
        ({"networks": {"v6": {"IPAMConfig": {"IPv6Address": "fd00::9"}}}}, "web-1 has the fixed address fd00::9"),
        ({"config": {"MacAddress": "02:42:ac:11:00:09"}}, "web-1 has the fixed hardware address 02:42:ac:11:00:09"),
        ({"host": {"AutoRemove": True}}, "web-1 is removed as soon as it stops (--rm)"),
        ({"host": PORT}, f"web-1 publishes the fixed port 8080->80/tcp{TAKES_ANOTHER}"),
        ({"host": {"NetworkMode": "host"}}, "web-1 lives in the network of the host"),
        (
            {"host": {"NetworkMode": f"container:{ANONYMOUS}"}},
            "web-1 lives in the network of another container (abababababab)",
        ),
        ({"host": {"PidMode": "container:db"}}, "web-1 lives in the processes of another container (db)"),
        ({"host": {"IpcMode": "container:db"}}, "web-1 lives in the memory of another container (db)"),
        (
            {"host": {"AutoRemove": True}, "networks": STATIC},
            "web-1 has the fixed address 10.1.0.9, and is removed as soon as it stops (--rm)",
        ),
    ],
)
async def test_what_no_second_one_can_have_is_exclusive(
    engine: FakeEngine, clients: SharedClients, container: Any, words: str
) -> None:
    assert await said(engine, clients, container) == {"exclusive": words}


@pytest.mark.parametrize("port", ["", "0", "8000-8010"])
async def test_ports_that_the_engine_chooses_are_fine(engine: FakeEngine, clients: SharedClients, port: str) -> None:
    host = {"PortBindings": {"80/tcp": [{"HostPort": port}], "81/tcp": None}, "PidMode": "host", "IpcMode": "private"}
    assert await said(engine, clients, {"host": host}) == {}


async def test_a_fixed_port_is_fine_where_the_config_has_a_range(engine: FakeEngine, clients: SharedClients) -> None:
    assert await said(engine, clients, {"host": PORT}, ports="8080-8099") == {}


async def test_a_range_that_is_full_is_no_capacity(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1", host=PORT)
    second = {"PortBindings": {"80/tcp": [{"HostPort": "8081"}]}}
    engine.container("web-2", host=second)
    (group,) = (await look(engine, clients, ports="8080-8081")).groups
    assert [(veto.rule, veto.reason) for veto in group.vetoes] == [
        ("no_capacity", "all of the 2 ports 8080-8081 are taken on host-1")
    ]
    assert (await look(engine, clients, ports="8080-8082")).groups[0].vetoes == ()


async def test_who_lends_its_network_to_another_is_exclusive(engine: FakeEngine, clients: SharedClients) -> None:
    web = engine.container("web-1")
    engine.container("sidecar", labels={}, host={"NetworkMode": f"container:{web.id}"})
    assert of(await look(engine, clients)) == {"exclusive": "web-1 lends its network to sidecar"}


# protected, replaced by itself, managed elsewhere


@pytest.mark.parametrize(
    ("container", "rule", "words"),
    [
        ({"state": "paused"}, "protected", "web-1 was paused"),
        ({"labels": EDGE | {"repave.protected": ""}}, "protected", "web-1 bears the label repave.protected"),
        ({"state": "removing"}, "platform_replacing", "web-1 is being removed"),
        (
            {"labels": EDGE | {"com.docker.swarm.task.id": "x"}},
            "managed_elsewhere",
            "web-1 belongs to a Swarm service (label com.docker.swarm.task.id)",
        ),
        (
            {"labels": EDGE | {"io.kubernetes.pod.name": "x", "io.kubernetes.pod.uid": "y"}},
            "managed_elsewhere",
            "web-1 belongs to Kubernetes (label io.kubernetes.pod.name)",
        ),
        (
            {"labels": EDGE | {"com.amazonaws.ecs.task-arn": "x"}},
            "managed_elsewhere",
            "web-1 belongs to Amazon ECS (label com.amazonaws.ecs.task-arn)",
        ),
        (
            {"labels": EDGE | {"com.hashicorp.nomad.alloc_id": "x"}},
            "managed_elsewhere",
            "web-1 belongs to Nomad (label com.hashicorp.nomad.alloc_id)",
        ),
        (
            {"labels": EDGE | {"com.docker.compose.oneoff": "True"}},
            "managed_elsewhere",
            "web-1 is a one-off of `docker compose run`",
        ),
    ],
)
async def test_what_somebody_else_decides_about_is_left_alone(
    engine: FakeEngine, clients: SharedClients, container: Any, rule: str, words: str
) -> None:
    assert await said(engine, clients, container) == {rule: words}


async def test_a_service_that_compose_is_recreating_is_busy(engine: FakeEngine, clients: SharedClients) -> None:
    service = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    engine.container("shop-web-1", labels=EDGE | service)
    engine.container("0123456789ab_shop-web-1", labels=EDGE | service, state="created")
    engine.container("shop-api-1", labels=EDGE | service | {"com.docker.compose.service": "api"})
    inventory = await look(engine, clients)
    assert of(inventory, "shop-web-1") == {"platform_busy": "Compose is recreating shop/web"}
    assert of(inventory, "shop-api-1") == {}


async def test_only_linux_containers_are_replaced(engine: FakeEngine, clients: SharedClients) -> None:
    engine.info["OSType"] = "windows"
    engine.container("web-1")
    (group,) = (await look(engine, clients)).groups
    assert [veto.rule for veto in group.vetoes] == ["unsupported_group"]


async def test_a_member_of_two_fleets_belongs_to_neither(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1", labels=EDGE | {"app": "shop"})
    engine.container("web-2")
    mine = DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients)
    theirs = DockerPlatform(DockerOptions(host=engine.url, label="app"), clients)
    elsewhere = DockerPlatform(DockerOptions(host="unix:///other.sock", label="fleet"), clients)
    assert elsewhere is not None
    both = f"app on {engine.url}; fleet=edge on {engine.url}"
    words = {"managed_elsewhere": f"web-1 is a member of two fleets: {both}"}
    inventory = await mine.inventory()
    assert (of(inventory), of(inventory, "web-2")) == (words, {})
    assert of(await theirs.inventory()) == words


async def test_a_fleet_that_nobody_looks_at_any_more_takes_nobody_away(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1", labels=EDGE | {"app": "shop"})
    mine = DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients)
    past = DockerPlatform(DockerOptions(host=engine.url, label="app"), clients)
    await clients._clock.sleep(601)
    assert of(await mine.inventory()) == {}
    await past.inventory()
    assert of(await mine.inventory()) != {}


# Held


async def test_a_label_or_a_volume_holds(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1", labels=EDGE | {"repave.hold": "till monday"})
    engine.container("web-2")
    engine.container("web-3")
    engine.volumes = {"repave-hold-web-2", "repave-hold-2", "my-repave-hold-web-3"}
    inventory = await look(engine, clients)
    assert of(inventory) == {"held": "web-1 bears the label repave.hold: till monday"}
    words = "there is a volume repave-hold-web-2: `docker volume rm repave-hold-web-2` ends the hold"
    assert of(inventory, "web-2") == {"held": words}
    assert of(inventory, "web-3") == {}
    assert inventory.groups[0].vetoes == ()


async def test_a_volume_holds_the_whole_engine(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    engine.volumes = {"repave-hold"}
    inventory = await look(engine, clients)
    assert of(inventory) == {}
    assert [(veto.rule, veto.reason) for veto in inventory.groups[0].vetoes] == [
        ("held", "there is a volume repave-hold: `docker volume rm repave-hold` ends the hold")
    ]


async def test_while_the_volumes_cannot_be_read_everything_is_held(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    engine.refuses("/volumes", 400)
    inventory = await look(engine, clients)
    (veto,) = inventory.groups[0].vetoes
    assert veto.rule == "held"
    assert veto.reason in inventory.gaps
    assert veto.reason.startswith(f"whether a volume holds {engine.url} could not be read: ")


async def test_an_engine_under_two_addresses_is_one(engine: FakeEngine, clients: SharedClients, tmp_path: Path) -> None:
    engine.container("web-1")
    alias = tmp_path / "s"
    alias.symlink_to(engine.url.removeprefix("unix://"))
    here = DockerPlatform(DockerOptions(host=engine.url, label="fleet=edge"), clients)
    there = DockerPlatform(DockerOptions(host=f"unix://{alias}", label="fleet"), clients)
    assert of(await here.inventory()) == {}, "nobody has looked there yet"
    assert set(of(await there.inventory())) == {"managed_elsewhere"}
    assert set(of(await here.inventory())) == {"managed_elsewhere"}
    with pytest.raises(Permanent, match="are one engine: both have web-1"):
        await look(engine, clients, hosts=(engine.url, f"unix://{alias}"), host="unix:///var/run/docker.sock")
