"""A group acts by itself: hooks hold its members, its zones are balanced, Spot takes instances back."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from controller.demo.scenario import GroupSpec, HookSpec, MemberSpec
from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

A, B = "eu-west-1a", "eu-west-1b"


def hooked(name: str, *hooks: HookSpec) -> GroupSpec:
    return fleet(name, instances=2, zones=1).model_copy(update={"hooks": hooks})


def uneven(name: str, **changed: object) -> GroupSpec:
    members = tuple(MemberSpec(zone=zone, version=2) for zone in (A, A, A, B))
    return fleet(name, instances=4, zones=2).model_copy(update={"members": members, **changed})


GROUPS = (
    hooked("lets-in", HookSpec(on="launch", seconds=3600)),
    hooked("gives-up", HookSpec(on="launch", seconds=5, result="ABANDON")),
    hooked("lets-go", HookSpec(on="terminate", seconds=5, result="ABANDON")),
    uneven("balances", rebalances=True),
    uneven("leaves", rebalances=True, suspended_processes=("AZRebalance",)),
    fleet("spot", instances=2, zones=1),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("acts"), *GROUPS) as running:
        yield running


async def test_uneven_zones_are_balanced_launch_first_by_one_beyond_desired(cloud: Cloud) -> None:
    seen = set()
    for _ in range(20):
        await cloud.pass_time(1)
        members = await cloud.members("balances")
        seen.add(len([row for row in members.values() if not row["LifecycleState"].startswith("Terminating")]))
    assert seen == {4, 5}, "never fewer than desired, for a while one more"
    zones = Counter(row["AvailabilityZone"] for row in (await cloud.members("balances")).values())
    assert zones == {A: 2, B: 2}
    assert (await cloud.group("balances"))["DesiredCapacity"] == 4
    assert any("to balance instances in zones" in one["Cause"] for one in await cloud.activities("balances"))


async def test_a_newcomer_waits_for_its_launch_hook_until_somebody_completes_it(cloud: Cloud) -> None:
    await cloud.set_desired("lets-in", 3)
    await cloud.pass_time(10)
    ((newcomer, row),) = (await cloud.newcomers("lets-in")).items()
    assert row["LifecycleState"] == "Pending:Wait"
    assert len(await cloud.members("lets-in")) == 3, "a waiting newcomer counts: no other is launched"
    await cloud.remote.happen("hook", instance=newcomer, result="CONTINUE")
    await cloud.pass_time(1)
    assert await cloud.lifecycle("lets-in", newcomer) == "InService"


async def test_a_hook_that_is_abandoned_ends_the_newcomer_and_the_group_launches_again(cloud: Cloud) -> None:
    await cloud.set_desired("gives-up", 3)
    await cloud.pass_time(8)
    (first,) = await cloud.newcomers("gives-up")
    assert await cloud.lifecycle("gives-up", first) == "Pending:Wait"
    await cloud.pass_time(5)
    assert await cloud.lifecycle("gives-up", first) in ("Terminating", "gone")
    assert set(await cloud.newcomers("gives-up")) - {first}, "and another is on its way"


async def test_a_terminating_hook_delays_the_end_and_never_prevents_it(cloud: Cloud) -> None:
    victim = cloud.first("lets-go").instances[0]
    await cloud.terminate(victim, decrement=True)
    await cloud.pass_time(4)
    assert await cloud.lifecycle("lets-go", victim) == "Terminating:Wait"
    assert (await cloud.group("lets-go"))["DesiredCapacity"] == 1
    await cloud.pass_time(10)
    assert await cloud.lifecycle("lets-go", victim) == "gone", "abandoned or not, it goes"


async def test_with_the_process_suspended_they_stay_uneven(cloud: Cloud) -> None:
    await cloud.pass_time(20)
    assert await cloud.newcomers("leaves") == {}


async def test_spot_takes_an_instance_after_its_notice_and_the_group_replaces_it(cloud: Cloud) -> None:
    victim = cloud.first("spot").instances[0]
    await cloud.remote.happen("interrupt", instance=victim, notice_seconds=10)
    await cloud.pass_time(5)
    assert await cloud.instance_state(victim) == "running"
    await cloud.pass_time(20)
    assert await cloud.instance_state(victim) == "terminated"
    assert len(await cloud.newcomers("spot")) == 1
    assert len(await cloud.members("spot")) == 2
