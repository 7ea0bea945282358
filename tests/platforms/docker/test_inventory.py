"""The fleet as its engines tell it: who is a member, how it is, what it was made from, and what a launch would use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.app.clients import SharedClients
from controller.domain.errors import Transient
from controller.domain.model import Instance, InstanceState, Inventory
from controller.platforms.docker import DockerPlatform
from controller.platforms.docker.options import DockerOptions
from tests.clients.fake_aws import VirtualClock
from tests.support.fake_engine import FakeEngine
from tests.support.virtual import START


def platform(engine: FakeEngine, clients: SharedClients, **options: Any) -> DockerPlatform:
    return DockerPlatform(DockerOptions(**{"host": engine.url, "label": "fleet=edge", **options}), clients)


def names(inventory: Inventory) -> list[str]:
    return sorted(member.names[0] for member in inventory.instances)


def named(inventory: Inventory, name: str) -> Instance:
    return next(member for member in inventory.instances if member.names[0] == name)


async def test_members_are_the_containers_with_the_label(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    engine.container("other", labels={"fleet": "api"})
    engine.container("bare", labels={})
    assert names(await platform(engine, clients).inventory()) == ["web-1"]
    assert names(await platform(engine, clients, label="fleet").inventory()) == ["other", "web-1"]


async def test_a_container_is_told_with_all_its_names(engine: FakeEngine, clients: SharedClients) -> None:
    full = engine.container("web-1", config={"Hostname": "web"}).id
    inventory = await platform(engine, clients).inventory()
    member = named(inventory, "web-1")
    assert (member.id, member.zone, member.group) == (full[:12], "host-1", engine.url)
    assert member.names == ("web-1", full, "web", "172.30.0.2")
    assert member.launched_at == START - timedelta(days=9)
    assert member.attributes == {
        "container.id": full,
        "container.name": "web-1",
        "container.image.name": "app:1",
        "container.image.id": engine.images["app:1"]["Id"],
        "host.name": "host-1",
        "lifecycle": "running",
    }
    assert inventory.scope == {"host.name": "host-1"}
    group = inventory.group(engine.url)
    assert group is not None
    assert (group.desired, group.minimum, group.maximum) == (1, 0, 1001)


@pytest.mark.parametrize(
    ("state", "health", "expected", "healthy"),
    [
        ("running", None, InstanceState.IN_SERVICE, None),
        ("running", "healthy", InstanceState.IN_SERVICE, True),
        ("running", "unhealthy", InstanceState.IN_SERVICE, False),
        ("running", "starting", InstanceState.PENDING, None),
        ("paused", None, InstanceState.STANDBY, None),
        ("exited", None, InstanceState.IN_SERVICE, False),
        ("created", None, InstanceState.IN_SERVICE, False),
        ("restarting", None, InstanceState.IN_SERVICE, False),
        ("dead", None, InstanceState.IN_SERVICE, False),
        ("removing", None, InstanceState.TERMINATING, False),
    ],
)
async def test_its_state_is_told_in_the_words_of_all_platforms(
    engine: FakeEngine,
    clients: SharedClients,
    state: str,
    health: str | None,
    expected: InstanceState,
    healthy: bool | None,
) -> None:
    engine.container("web-1", state=state, health={"Status": health} if health else None)
    member = named(await platform(engine, clients).inventory(), "web-1")
    assert (member.state, member.healthy) == (expected, healthy)


async def test_what_is_ours_to_take_away_is_no_member_and_a_surge_that_runs_is_desired(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    engine.container("web-2.quarantine-r-7f3-1795905961", state="exited")
    ours = {"fleet": "edge", "repave.replacement": "r-7f3"}
    engine.container("r-7f3", labels=ours)
    engine.container("r-8a1", labels=ours | {"repave.replacement": "r-8a1"}, state="created")
    engine.container("web-3", labels=ours | {"repave.replacement": "r-1"})
    inventory = await platform(engine, clients).inventory()
    assert names(inventory) == ["r-7f3", "web-1", "web-3"]
    assert inventory.groups[0].desired == 3


async def test_a_container_that_goes_between_list_and_inspect_is_gone(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    going = engine.container("web-2").id
    engine.refuses(f"/containers/{going}/json", 404)
    assert names(await platform(engine, clients).inventory()) == ["web-1"]


async def test_what_cannot_be_inspected_stays_a_member_and_is_left_alone(
    engine: FakeEngine, clients: SharedClients
) -> None:
    full = engine.container("web-1").id
    engine.refuses(f"/containers/{full}/json", 400)
    inventory = await platform(engine, clients).inventory()
    assert [veto.rule for veto in named(inventory, "web-1").vetoes] == ["platform_busy"]
    assert "web-1 could not be inspected" in inventory.gaps


async def test_what_never_changes_is_asked_once(engine: FakeEngine, clients: SharedClients) -> None:
    for number in range(30):
        engine.container(f"web-{number}")
    watched = platform(engine, clients)
    await watched.inventory()
    assert len(engine.calls("GET /containers/[0-9a-f]+/json")) == 30
    assert engine.most_at_once <= 8 + 3
    first = len(engine.calls())
    await watched.inventory()
    assert sorted(engine.calls()[first:]) == [
        "GET /containers/json",
        "GET /images/app:1/json",
        "GET /info",
        "GET /volumes",
    ]


async def test_an_engine_that_cannot_be_read_hides_nobody(engine: FakeEngine, clients: SharedClients) -> None:
    engine.container("web-1")
    options = DockerOptions(hosts=(engine.url, "unix:///nowhere/docker.sock"), label="fleet=edge")
    with pytest.raises(Transient, match="the engine unix:///nowhere/docker.sock could not be read: .*no connection"):
        await DockerPlatform(options, clients).inventory()


async def test_a_fleet_over_two_engines_has_a_group_and_a_zone_on_each(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    async with FakeEngine(info={"Name": "host-2", "OSType": "linux"}) as second:
        second.container("web-2")
        options = DockerOptions(hosts=(engine.url, second.url), label="fleet=edge")
        inventory = await DockerPlatform(options, clients).inventory()
    assert [(member.names[0], member.group, member.zone) for member in inventory.instances] == [
        ("web-1", engine.url, "host-1"),
        ("web-2", second.url, "host-2"),
    ]
    assert [group.name for group in inventory.groups] == [engine.url, second.url]
    assert inventory.scope == {}


# Images


async def test_a_launch_would_use_what_the_reference_means_now(engine: FakeEngine, clients: SharedClients) -> None:
    old = engine.image("app:1")
    engine.container("web-1")
    engine.container("web-2", image="side:1")
    new = engine.image("app:1", created=START + timedelta(days=1))
    inventory = await platform(engine, clients).inventory()
    member = named(inventory, "web-1")
    assert member.image.id == old[7:19]
    launch = inventory.launch_image(member)
    assert launch is not None
    assert (launch.id, launch.created_at) == (new[7:19], START + timedelta(days=1))
    assert inventory.groups[0].launch_image is None
    other = named(inventory, "web-2")
    assert inventory.launch_image(other) == other.image


async def test_an_image_that_lost_its_reference_leaves_open_what_a_launch_would_use(
    engine: FakeEngine, clients: SharedClients
) -> None:
    engine.container("web-1")
    del engine.images["app:1"]
    inventory = await platform(engine, clients).inventory()
    assert inventory.launch_image(named(inventory, "web-1")) is None
    assert f"{engine.url} has no image app:1" in inventory.gaps


LABEL = "org.opencontainers.image.created"
BY_HAND = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("label", "by_hand", "made", "expected"),
    [
        ("2026-09-01T12:00:00Z", "2026-05-01", START, datetime(2026, 9, 1, 12, tzinfo=UTC)),
        (None, "2026-05-01", START, BY_HAND),
        ("1970-01-01T00:00:00Z", "2026-05-01", START, BY_HAND),
        ("yesterday", None, START, START),
        ("1980-01-01T00:00:00Z", None, START, START),
        (None, None, datetime(1970, 1, 1, tzinfo=UTC), None),
        (None, None, datetime(1980, 1, 1, 0, 0, 1, tzinfo=UTC), None),
        ("1999-12-31", None, datetime(1, 1, 1, tzinfo=UTC), None),
    ],
)
async def test_an_image_is_dated_by_its_label_then_by_hand_then_by_its_own_date(
    engine: FakeEngine,
    clients: SharedClients,
    label: str | None,
    by_hand: str | None,
    made: datetime,
    expected: datetime | None,
) -> None:
    engine.image("app:1", created=made, Labels={LABEL: label} if label else None)
    engine.container("web-1")
    said = {"image_created": {"app:1": by_hand}} if by_hand else {}
    member = named(await platform(engine, clients, **said).inventory(), "web-1")
    assert member.image.created_at == expected


async def test_a_date_by_hand_may_name_the_image_by_its_id(engine: FakeEngine, clients: SharedClients) -> None:
    image_id = engine.image("app:1", created=datetime(1970, 1, 1, tzinfo=UTC))
    engine.container("web-1")
    for key in (image_id, image_id[7:19]):
        watched = platform(engine, clients, image_created={key: "2026-05-01"})
        assert named(await watched.inventory(), "web-1").image.created_at == BY_HAND


async def test_with_pull_always_a_launch_would_use_what_the_registry_has(
    engine: FakeEngine, clients: SharedClients, clock: VirtualClock
) -> None:
    engine.image("app:1", digests=["app@sha256:" + "1" * 64])
    engine.container("web-1")
    engine.registry["app:1"] = {"RepoDigests": ["app@sha256:" + "1" * 64]}
    watched = platform(engine, clients, pull="always")

    async def launches() -> str | None:
        inventory = await watched.inventory()
        launch = inventory.launch_image(named(inventory, "web-1"))
        return launch.id if launch else None

    assert await launches() == engine.images["app:1"]["Id"][7:19]
    engine.registry["app:1"] = {"RepoDigests": ["app@sha256:" + "2" * 64]}
    assert await launches() == engine.images["app:1"]["Id"][7:19]
    await clock.sleep(360)
    assert await launches() == "2" * 12
    engine.registry.clear()
    await clock.sleep(360)
    assert await launches() is None


@pytest.mark.parametrize("how", ["id", "digest"])
async def test_no_registry_is_asked_about_what_means_the_same_for_ever(
    engine: FakeEngine, clients: SharedClients, how: str
) -> None:
    image_id = engine.image("app:1")
    reference = {"id": image_id, "digest": "app@sha256:" + "1" * 64}[how]
    engine.images[reference] = engine.images[image_id]
    engine.container("web-1", image=reference)
    inventory = await platform(engine, clients, pull="always").inventory()
    assert inventory.launch_image(named(inventory, "web-1")) == named(inventory, "web-1").image
    assert len(engine.calls("GET /distribution/")) == 0


async def test_a_registry_that_cannot_be_reached_is_a_gap_and_asked_again_a_minute_later(
    engine: FakeEngine, clients: SharedClients, clock: VirtualClock
) -> None:
    engine.container("web-1")
    watched = platform(engine, clients, pull="always")
    inventory = await watched.inventory()
    assert inventory.launch_image(named(inventory, "web-1")) is None
    (gap,) = inventory.gaps
    assert gap.startswith("what a registry has for app:1 could not be read: ")
    await watched.inventory()
    assert len(engine.calls("GET /distribution/")) == 1
    await clock.sleep(61)
    await watched.inventory()
    assert len(engine.calls("GET /distribution/")) == 2
