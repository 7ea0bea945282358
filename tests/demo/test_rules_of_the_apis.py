"""What AWS refuses, the world refuses, with the same code; and what moto cannot answer is answered."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from controller.demo.scenario import ImageSpec, MemberSpec, StatusCheck
from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZONES = ("eu-west-1a", "eu-west-1b")
CHECKED = fleet("checked", instances=4, zones=2).model_copy(
    update={
        "members": (
            MemberSpec(zone=ZONES[0], version=2),
            MemberSpec(zone=ZONES[1], version=2, status=StatusCheck.IMPAIRED),
            MemberSpec(zone=ZONES[0], version=2, status=StatusCheck.INSUFFICIENT_DATA),
            MemberSpec(zone=ZONES[1], version=2, status=StatusCheck.NOT_REPORTED),
        )
    }
)
UNDATED = fleet("undated", instances=2, aged=1).model_copy(
    update={"images": (ImageSpec(created_days_ago=None), ImageSpec(created_days_ago=3))}
)
GROUPS = (
    fleet("bounded", instances=3).model_copy(update={"minimum": 3}),
    fleet("slow", instances=1, headroom=2),
    fleet("busy", instances=1).model_copy(update={"instance_refresh": "InProgress", "warm_pool": True}),
    fleet("idle", instances=1),
    fleet("paged", instances=1, headroom=2),
    fleet("young", instances=1),
    CHECKED,
    UNDATED,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("rules"), *GROUPS) as running:
        yield running


async def test_desired_has_to_stay_within_the_bounds(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match=r"ValidationError.*5 is above max value 4 for the AutoScalingGroup"):
        await cloud.set_desired("bounded", 5)
    with pytest.raises(ClientError, match=r"ValidationError.*2 is below min value 3 for the AutoScalingGroup"):
        await cloud.set_desired("bounded", 2)
    with pytest.raises(ClientError, match="must be between the specified min size:3 and max size:4"):
        await cloud.scaling.update_auto_scaling_group(AutoScalingGroupName="bounded", DesiredCapacity=9)
    group = await cloud.group("bounded")
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (3, 3, 4)


async def test_new_bounds_move_a_desired_capacity_that_they_exclude(cloud: Cloud) -> None:
    await cloud.scaling.update_auto_scaling_group(AutoScalingGroupName="idle", MinSize=2, MaxSize=3)
    assert (await cloud.group("idle"))["DesiredCapacity"] == 2
    await cloud.pass_time(1.5)
    (activity,) = await cloud.activities("idle")
    assert "update of AutoScalingGroup constraints to min: 2, max: 3, desired: 2" in activity["Cause"]


async def test_no_decrement_below_the_minimum(cloud: Cloud) -> None:
    victim = cloud.first("bounded").instances[0]
    with pytest.raises(ClientError, match=r"ValidationError.*desiredSize equals minSize \(3\)"):
        await cloud.terminate(victim, decrement=True)
    with pytest.raises(ClientError, match="desiredSize equals minSize"):
        await cloud.scaling.enter_standby(
            AutoScalingGroupName="bounded", InstanceIds=[victim], ShouldDecrementDesiredCapacity=True
        )
    with pytest.raises(ClientError, match="desiredSize equals minSize"):
        await cloud.scaling.detach_instances(
            AutoScalingGroupName="bounded", InstanceIds=[victim], ShouldDecrementDesiredCapacity=True
        )
    assert (await cloud.members("bounded"))[victim]["LifecycleState"] == "InService"


async def test_only_members_in_service_or_standby_can_be_protected(cloud: Cloud) -> None:
    (first,) = cloud.first("slow").instances
    await cloud.set_desired("slow", 2)
    await cloud.pass_time(1.5)
    (newcomer,) = await cloud.newcomers("slow")
    assert await cloud.lifecycle("slow", newcomer) == "Pending"
    protect = {"AutoScalingGroupName": "slow", "ProtectedFromScaleIn": True}
    with pytest.raises(ClientError, match=r"ValidationError.*is not in InService or EnteringStandby or Standby"):
        await cloud.scaling.set_instance_protection(InstanceIds=[first, newcomer], **protect)
    assert not (await cloud.members("slow"))[first]["ProtectedFromScaleIn"], "one bad id fails the whole request"
    with pytest.raises(ClientError, match="is not part of Auto Scaling group slow"):
        await cloud.scaling.set_instance_protection(InstanceIds=list(cloud.first("busy").instances), **protect)
    await cloud.scaling.set_instance_protection(InstanceIds=[first], **protect)
    assert (await cloud.members("slow"))[first]["ProtectedFromScaleIn"]


async def test_what_does_not_exist_is_a_validation_error(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="ValidationError.*not found"):
        await cloud.set_desired("nobody", 1)
    with pytest.raises(ClientError, match="ValidationError.*not found"):
        await cloud.scaling.describe_instance_refreshes(AutoScalingGroupName="nobody")


async def test_an_operation_that_is_not_served_is_an_aws_error(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="InvalidAction"):
        await cloud.scaling.start_instance_refresh(AutoScalingGroupName="slow")
    with pytest.raises(ClientError, match="InvalidAction"):
        await cloud.ec2.describe_instance_topology()


async def test_refreshes_and_warm_pools_are_reported(cloud: Cloud) -> None:
    (refresh,) = (await cloud.scaling.describe_instance_refreshes(AutoScalingGroupName="busy"))["InstanceRefreshes"]
    assert (refresh["Status"], refresh["AutoScalingGroupName"]) == ("InProgress", "busy")
    assert not (await cloud.scaling.describe_instance_refreshes(AutoScalingGroupName="slow"))["InstanceRefreshes"]
    await cloud.remote.happen("refresh", group="busy", status=None)
    assert not (await cloud.scaling.describe_instance_refreshes(AutoScalingGroupName="busy"))["InstanceRefreshes"]
    pool = await cloud.scaling.describe_warm_pool(AutoScalingGroupName="busy")
    assert pool["WarmPoolConfiguration"]["PoolState"] == "Stopped"
    assert (await cloud.group("busy"))["WarmPoolConfiguration"]["MinSize"] == 0
    assert "WarmPoolConfiguration" not in await cloud.scaling.describe_warm_pool(AutoScalingGroupName="slow")


async def test_the_status_checks_are_what_the_scenario_says(cloud: Cloud) -> None:
    fine, impaired, silent, missing = cloud.first("checked").instances
    found = await cloud.ec2.describe_instance_status(InstanceIds=[fine, impaired, silent, missing])
    statuses = {one["InstanceId"]: one for one in found["InstanceStatuses"]}
    assert missing not in statuses
    assert statuses[fine]["InstanceStatus"]["Status"] == "ok"
    assert statuses[silent]["InstanceStatus"]["Status"] == "insufficient-data"
    assert statuses[impaired]["InstanceStatus"]["Status"] == "impaired"
    (detail,) = statuses[impaired]["InstanceStatus"]["Details"]
    assert detail["Status"] == "failed"
    assert abs(datetime.now(UTC) - detail["ImpairedSince"]) < timedelta(minutes=30)
    assert statuses[impaired]["SystemStatus"]["Status"] == "ok"

    await cloud.remote.happen("status", instance=fine, status=StatusCheck.IMPAIRED)
    found = await cloud.ec2.describe_instance_status(InstanceIds=[fine])
    assert found["InstanceStatuses"][0]["InstanceStatus"]["Status"] == "impaired"


async def test_a_newcomers_checks_are_initializing_first(cloud: Cloud) -> None:
    await cloud.set_desired("young", 2)
    await cloud.pass_time(1.5)
    (newcomer,) = await cloud.newcomers("young")

    async def statuses(**options: bool) -> list[str]:
        found = await cloud.ec2.describe_instance_status(InstanceIds=[newcomer], **options)
        return [one["InstanceStatus"]["Status"] for one in found["InstanceStatuses"]]

    assert await statuses() == [], "it does not run yet"
    assert await statuses(IncludeAllInstances=True) == ["not-applicable"]
    await cloud.pass_time(3)
    assert await statuses() == ["initializing"]
    await cloud.pass_time(2.2)
    assert await statuses() == ["ok"]


async def test_image_dates_are_known_unless_the_scenario_hides_them(cloud: Cloud) -> None:
    dateless, dated = cloud.first("undated").instances
    found = await cloud.ec2.describe_instance_image_metadata(InstanceIds=[dateless, dated])
    images = {one["InstanceId"]: one["ImageMetadata"] for one in found["InstanceImageMetadata"]}
    assert "CreationDate" not in images[dateless]
    created_at = datetime.fromisoformat(images[dated]["CreationDate"])
    assert timedelta(days=2, hours=23) < datetime.now(UTC) - created_at < timedelta(days=3, hours=1)

    members = await cloud.members("undated")
    assert {id_: image["ImageId"] for id_, image in images.items()} == {id_: members[id_]["ImageId"] for id_ in images}
    described = await cloud.ec2.describe_images(ImageIds=[members[dated]["ImageId"]])
    assert datetime.fromisoformat(described["Images"][0]["CreationDate"]) == created_at
    with pytest.raises(ClientError, match="InvalidAMIID"):
        await cloud.ec2.describe_images(ImageIds=[members[dateless]["ImageId"]])


async def test_image_metadata_comes_in_pages_and_by_filter(cloud: Cloud) -> None:
    everything = await cloud.ec2.describe_instance_image_metadata()
    expected = {id_ for group in cloud.world.groups for id_ in group.instances}
    assert expected <= {one["InstanceId"] for one in everything["InstanceImageMetadata"]}
    paged = set()
    pages = cloud.ec2.get_paginator("describe_instance_image_metadata").paginate(PaginationConfig={"PageSize": 5})
    async for page in pages:
        assert len(page["InstanceImageMetadata"]) <= 5
        paged |= {one["InstanceId"] for one in page["InstanceImageMetadata"]}
    assert expected <= paged
    filtered = await cloud.ec2.describe_instance_image_metadata(
        Filters=[{"Name": "tag:fleet", "Values": ["undated"]}, {"Name": "availability-zone", "Values": [ZONES[0]]}]
    )
    assert [one["InstanceId"] for one in filtered["InstanceImageMetadata"]] == [cloud.first("undated").instances[0]]


async def test_activities_come_in_pages(cloud: Cloud) -> None:
    await cloud.set_desired("paged", 3)
    await cloud.pass_time(1.5)
    mine = {"AutoScalingGroupName": "paged"}
    first = await cloud.scaling.describe_scaling_activities(MaxRecords=1, **mine)
    second = await cloud.scaling.describe_scaling_activities(MaxRecords=1, NextToken=first["NextToken"], **mine)
    ids = {one["ActivityId"] for page in (first, second) for one in page["Activities"]}
    assert ids == {one["ActivityId"] for one in await cloud.activities("paged")}
    assert len(ids) == 2
    one = first["Activities"][0]["ActivityId"]
    found = await cloud.scaling.describe_scaling_activities(ActivityIds=[one])
    assert [activity["ActivityId"] for activity in found["Activities"]] == [one]
