"""The platform on the embedded AWS, whose time passes only when told to: the same calls as on a real account."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from controller.clients.aws import Aws
from controller.demo.scenario import ImageSpec
from controller.demo.scenarios import AGED_IMAGE, fleet
from controller.domain.lifecycle import Outcome, Step
from controller.domain.model import InstanceState
from controller.platforms.asg import AsgPlatform
from controller.platforms.asg.options import AsgOptions
from tests.clients.fake_aws import VirtualClock, client_of
from tests.platforms.conftest import Shared
from tests.platforms.driver import POLL, Drive, accepted
from tests.platforms.groups import T0
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD_IMAGE = ImageSpec(created_days_ago=1, passes_checks=False)
GROUPS = (
    fleet("plain", instances=3, aged=1, zones=1, target_groups=2),
    fleet("bare", instances=2, aged=1, zones=1, target_groups=0),
    fleet("sickly", instances=2, aged=2, zones=1).model_copy(update={"images": (AGED_IMAGE, BAD_IMAGE)}),
    fleet("full", instances=2, zones=1, headroom=0),
    fleet("warm", instances=1, zones=1).model_copy(update={"warm_pool": True, "suspended_processes": ("Launch",)}),
    fleet("refreshing", instances=1, zones=1).model_copy(update={"instance_refresh": "InProgress"}),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("platform"), *GROUPS) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(cloud: Cloud) -> AsyncIterator[Shared]:
    clock = VirtualClock()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.world.environment(access_key_id="AKIAPLATFORM").items():
            if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
                patch.setenv(name, value)
        aws: Aws = client_of(clock)
        yield Shared(aws, clock)
        await aws.aclose()


def platform(shared: Shared, name: str) -> AsgPlatform:
    return AsgPlatform(AsgOptions(name=name), shared)


async def replace_first(cloud: Cloud, shared: Shared, name: str, called_off: Step | None = None) -> Drive:
    """Replace the first member of a group, one poll a second of the world's time."""
    first = cloud.first(name).instances[0]
    ours = accepted(f"r-{name}", first, (await cloud.members(name))[first]["AvailabilityZone"], name)
    drive = Drive(ours, lambda: platform(shared, name), T0, fail_before=called_off)
    for _ in range(60):
        if not drive.state.open:
            break
        await drive.poll()
        drive.now += POLL
        await cloud.pass_time(1.1)
    await cloud.pass_time(10)
    assert not drive.state.open, drive.waits[-3:]
    return drive


@pytest.mark.parametrize("name", ["plain", "bare"])
async def test_a_member_is_replaced(cloud: Cloud, shared: Shared, name: str) -> None:
    before = cloud.first(name).instances
    drive = await replace_first(cloud, shared, name)
    group, members = await cloud.group(name), await cloud.members(name)
    assert drive.state.outcome is Outcome.REPLACED
    assert set(members) == {*before[1:], drive.state.successor}
    assert group["DesiredCapacity"] == len(before)
    assert not any(member["ProtectedFromScaleIn"] for member in members.values())
    facts: Any = drive.facts["await_ready"]["successor_facts"]
    assert facts["launch_template_version"] == "2"
    assert facts["image_created_at"] is not None


async def test_a_successor_that_never_gets_healthy_is_given_back(cloud: Cloud, shared: Shared) -> None:
    before = cloud.first("sickly").instances
    first = before[0]
    ours = accepted("r-sickly", first, (await cloud.members("sickly"))[first]["AvailabilityZone"], "sickly")
    drive = Drive(ours, lambda: platform(shared, "sickly"))
    for poll in range(40):
        if poll == 15:
            drive.fail_before = Step.AWAIT_READY
        if drive.state.open:
            await drive.poll()
        drive.now += POLL
        await cloud.pass_time(1.1)
    assert any(" is not healthy in " in wait and "unhealthy Target." in wait for wait in drive.waits)
    assert drive.state.outcome is Outcome.FAILED
    assert set(await cloud.members("sickly")) == set(before)
    assert (await cloud.group("sickly"))["DesiredCapacity"] == 2


async def test_the_inventory_is_whole_and_changes_nothing(cloud: Cloud, shared: Shared) -> None:
    seen = await platform(shared, "full").inventory()
    assert seen.gaps == ()
    assert [member.state for member in seen.instances] == [InstanceState.IN_SERVICE] * 2
    assert all(member.serving and member.names and member.launched_at for member in seen.instances)
    assert all(member.image.created_at for member in seen.instances)
    assert seen.groups[0].launch_image is not None
    assert [veto.rule for veto in seen.groups[0].vetoes] == ["no_capacity"]
    writes = [line for line in cloud.wire("request") if line["mutating"] and line["key"] == "AKIAPLATFORM"]
    assert not [line for line in writes if line["parameters"].get("AutoScalingGroupName") == "full"]


@pytest.mark.parametrize(
    ("name", "rules"), [("warm", ["unsupported_group", "platform_busy"]), ("refreshing", ["platform_busy"])]
)
async def test_a_group_that_must_be_left_alone_says_why(
    cloud: Cloud, shared: Shared, name: str, rules: list[str]
) -> None:
    seen = await platform(shared, name).inventory()
    assert [veto.rule for veto in seen.groups[0].vetoes] == rules


async def test_groups_are_found_by_their_tags(cloud: Cloud, shared: Shared) -> None:
    seen = await AsgPlatform(AsgOptions(tags={"fleet": "full"}), shared).inventory()
    assert [group.name for group in seen.groups] == ["full"]
