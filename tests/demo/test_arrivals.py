"""Members come: they boot, are spread over the zones, and keep the template version of their birth."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from controller.demo.scenario import ImageSpec
from controller.demo.scenarios import AGED_IMAGE, fleet
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD_IMAGE = ImageSpec(created_days_ago=1, passes_checks=False)
GROUPS = (
    fleet("boots", instances=3),
    fleet("spreads", instances=4, headroom=2),
    fleet("versions", instances=3, aged=2),
    fleet("pinned", instances=3, aged=3).model_copy(update={"template_version": "1"}),
    fleet("sickly", instances=2).model_copy(update={"images": (AGED_IMAGE, BAD_IMAGE), "default_version": 2}),
    fleet("suspended", instances=2).model_copy(update={"suspended_processes": ("Launch",)}),
    fleet("exhausted", instances=2),
    fleet("bare", instances=2, target_groups=0),
    fleet("shielded", instances=2).model_copy(update={"new_members_protected": True}),
    fleet("pushed", instances=2, headroom=3),
    fleet("unbalanced", instances=2).model_copy(update={"suspended_processes": ("AddToLoadBalancer",)}),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("arrivals"), *GROUPS) as running:
        yield running


async def newcomer_of(cloud: Cloud, name: str) -> str:
    (newcomer,) = await cloud.newcomers(name)
    return newcomer


async def test_a_newcomer_is_pending_then_in_service_then_healthy(cloud: Cloud) -> None:
    await cloud.set_desired("boots", 4)
    await cloud.pass_time(0.9)
    assert not await cloud.newcomers("boots"), "the group takes a moment to react"

    await cloud.pass_time(0.3)
    newcomer = await newcomer_of(cloud, "boots")
    assert await cloud.lifecycle("boots", newcomer) == "Pending"
    assert await cloud.target_state("boots", newcomer) == "unlisted"
    assert await cloud.instance_state(newcomer) == "pending"

    await cloud.pass_time(2.5)
    assert await cloud.lifecycle("boots", newcomer) == "Pending"
    await cloud.pass_time(1)
    assert await cloud.lifecycle("boots", newcomer) == "InService"
    assert await cloud.target_state("boots", newcomer) == "initial"
    assert await cloud.instance_state(newcomer) == "running"

    await cloud.pass_time(1)
    assert await cloud.target_state("boots", newcomer) == "initial"
    await cloud.pass_time(1.2)
    assert set((await cloud.targets("boots")).values()) == {"healthy"}


async def test_newcomers_go_to_the_zones_with_the_fewest_members(cloud: Cloud) -> None:
    before = Counter(one["AvailabilityZone"] for one in (await cloud.members("spreads")).values())
    assert sorted(before.values()) == [1, 1, 2]
    await cloud.set_desired("spreads", 6)
    await cloud.pass_time(1.5)
    after = Counter(one["AvailabilityZone"] for one in (await cloud.members("spreads")).values())
    assert sorted(after.values()) == [2, 2, 2]


async def test_a_member_keeps_the_version_and_the_image_of_its_birth(cloud: Cloud) -> None:
    versions = [one["LaunchTemplate"]["Version"] for one in (await cloud.members("versions")).values()]
    assert versions == ["1", "1", "2"]
    await cloud.set_desired("versions", 4)
    await cloud.pass_time(1.5)
    newcomer = await newcomer_of(cloud, "versions")
    members = await cloud.members("versions")
    assert members[newcomer]["LaunchTemplate"]["Version"] == "2", "$Default is version 2"

    template = (await cloud.group("versions"))["LaunchTemplate"]
    assert template["Version"] == "$Default"
    found = await cloud.ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    images = {
        str(one["VersionNumber"]): one["LaunchTemplateData"]["ImageId"] for one in found["LaunchTemplateVersions"]
    }
    for one in members.values():
        assert one["ImageId"] == images[one["LaunchTemplate"]["Version"]]
    described = (await cloud.ec2.describe_instances(InstanceIds=[newcomer]))["Reservations"][0]["Instances"][0]
    assert described["ImageId"] == images["2"]
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert tags["aws:autoscaling:groupName"] == "versions"
    assert tags["fleet"] == "versions"


async def test_a_group_that_names_a_version_launches_that_one(cloud: Cloud) -> None:
    await cloud.set_desired("pinned", 4)
    await cloud.pass_time(1.5)
    newcomer = await newcomer_of(cloud, "pinned")
    assert (await cloud.members("pinned"))[newcomer]["LaunchTemplate"]["Version"] == "1"


async def test_a_bad_image_never_passes_its_checks(cloud: Cloud) -> None:
    await cloud.set_desired("sickly", 3)
    await cloud.pass_time(4.5)
    newcomer = await newcomer_of(cloud, "sickly")
    assert await cloud.target_state("sickly", newcomer) == "initial"
    await cloud.pass_time(3)
    assert await cloud.target_state("sickly", newcomer) == "unhealthy"
    assert (await cloud.members("sickly"))[newcomer]["HealthStatus"] == "Healthy", "the group looks at EC2 only"


async def test_nothing_is_launched_while_launch_is_suspended(cloud: Cloud) -> None:
    await cloud.set_desired("suspended", 3)
    await cloud.pass_time(30)
    assert not await cloud.newcomers("suspended")
    assert not await cloud.activities("suspended")
    await cloud.scaling.resume_processes(AutoScalingGroupName="suspended", ScalingProcesses=["Launch"])
    await cloud.pass_time(1.5)
    assert await cloud.newcomers("suspended")


async def test_no_capacity_is_a_failed_activity_and_no_member(cloud: Cloud) -> None:
    await cloud.remote.happen("capacity", group="exhausted", available=False)
    await cloud.set_desired("exhausted", 3)
    await cloud.pass_time(1.5)
    (failed,) = await cloud.activities("exhausted")
    assert failed["StatusCode"] == "Failed"
    assert "sufficient t3.micro capacity" in failed["StatusMessage"]
    await cloud.pass_time(6)
    assert len(await cloud.activities("exhausted")) == 2, "it tries again"
    assert not await cloud.newcomers("exhausted")
    await cloud.remote.happen("capacity", group="exhausted", available=True)
    await cloud.pass_time(6)
    assert await cloud.newcomers("exhausted")


async def test_a_launch_is_an_activity_in_the_words_of_auto_scaling(cloud: Cloud) -> None:
    await cloud.set_desired("bare", 3)
    await cloud.pass_time(5)
    newcomer = await newcomer_of(cloud, "bare")
    (activity,) = await cloud.activities("bare")
    assert (activity["StatusCode"], activity["Progress"]) == ("Successful", 100)
    assert activity["Description"] == f"Launching a new EC2 instance: {newcomer}"
    assert (
        "a user request explicitly set group desired capacity changing the desired capacity from 2 to 3.  At"
        in (activity["Cause"])
    )
    assert activity["Cause"].endswith("increasing the capacity from 2 to 3.")
    took = activity["EndTime"] - activity["StartTime"]
    assert timedelta(seconds=2.9) < took < timedelta(seconds=3.3)
    assert abs(activity["StartTime"] - datetime.now(UTC)) < timedelta(hours=1)


async def test_all_who_changed_the_desired_capacity_are_named_until_the_group_has_acted(cloud: Cloud) -> None:
    await cloud.set_desired("pushed", 3)
    await cloud.remote.happen("scale", group="pushed", desired=4)
    await cloud.pass_time(1.5)
    first, second = await cloud.activities("pushed")
    assert first["Cause"] == second["Cause"]
    assert (
        "a user request explicitly set group desired capacity changing the desired capacity from 2 to 3."
        in (first["Cause"])
    )
    assert "triggered policy demo-policy changing the desired capacity from 3 to 4." in first["Cause"]
    await cloud.set_desired("pushed", 5)
    await cloud.pass_time(1.5)
    assert "from 4 to 5." in (await cloud.activities("pushed"))[0]["Cause"]
    assert "from 3 to 4." not in (await cloud.activities("pushed"))[0]["Cause"]


async def test_a_scaling_policy_stays_within_the_bounds_and_is_named_in_the_cause(cloud: Cloud) -> None:
    await cloud.remote.happen("scale", group="shielded", desired=99)
    group = await cloud.group("shielded")
    assert group["DesiredCapacity"] == group["MaxSize"] == 3
    await cloud.pass_time(1.5)
    newcomer = await newcomer_of(cloud, "shielded")
    assert (await cloud.members("shielded"))[newcomer]["ProtectedFromScaleIn"] is True
    (activity,) = await cloud.activities("shielded")
    assert "in state ALARM triggered policy" in activity["Cause"]


async def test_a_group_that_may_not_register_leaves_its_newcomers_out_of_the_target_group(cloud: Cloud) -> None:
    await cloud.set_desired("unbalanced", 3)
    await cloud.pass_time(8)
    newcomer = await newcomer_of(cloud, "unbalanced")
    assert await cloud.lifecycle("unbalanced", newcomer) == "InService"
    assert await cloud.target_state("unbalanced", newcomer) == "unlisted"
