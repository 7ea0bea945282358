"""Members go: they drain, shut down and are gone, whoever asked for it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from controller.demo.scenario import StatusCheck, TargetState
from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHRINKS = fleet("shrinks", instances=3, aged=2)
GROUPS = (
    fleet("drains", instances=3),
    fleet("ends", instances=3),
    fleet("drained", instances=3),
    fleet("decrements", instances=3),
    fleet("renews", instances=3),
    fleet("twice", instances=3),
    fleet("born-to-die", instances=2),
    SHRINKS.model_copy(
        update={"members": (SHRINKS.members[0].model_copy(update={"protected": True}), *SHRINKS.members[1:])}
    ),
    fleet("dies", instances=3),
    fleet("elb", instances=3).model_copy(update={"health_check": "ELB", "health_check_grace_seconds": 30}),
    fleet("standby", instances=3),
    fleet("impaired", instances=2),
    fleet("detached", instances=3),
    fleet("kept", instances=3).model_copy(update={"suspended_processes": ("ReplaceUnhealthy",)}),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("departures"), *GROUPS) as running:
        yield running


async def test_a_deregistered_target_drains_then_is_unused_and_no_longer_listed(cloud: Cloud) -> None:
    arn, victim = cloud.first("drains").target_groups[0], cloud.first("drains").instances[0]
    await cloud.balancers.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": victim}])
    assert await cloud.target_state("drains", victim) == "draining", "a draining target is listed unasked"
    await cloud.pass_time(1)
    await cloud.balancers.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": victim}])
    assert await cloud.target_state("drains", victim) == "draining"

    await cloud.pass_time(1.2)
    assert await cloud.target_state("drains", victim) == "unlisted", "asking twice did not start it afresh"
    assert await cloud.targets("drains", victim) == {victim: "unused"}
    assert await cloud.lifecycle("drains", victim) == "InService", "the group minds nothing and registers nothing"
    await cloud.balancers.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": victim}])

    await cloud.balancers.register_targets(TargetGroupArn=arn, Targets=[{"Id": victim}])
    assert await cloud.target_state("drains", victim) == "initial"


async def test_a_terminated_member_drains_shuts_down_and_is_gone(cloud: Cloud) -> None:
    victim = cloud.first("ends").instances[0]
    activity = await cloud.terminate(victim, decrement=True)
    assert activity["StatusCode"] == "InProgress"
    assert activity["Cause"].endswith(
        f"instance {victim} was taken out of service in response to a user request, shrinking the capacity from 3 to 2."
    )
    assert await cloud.lifecycle("ends", victim) == "Terminating"
    assert await cloud.target_state("ends", victim) == "draining"

    await cloud.pass_time(1.5)
    (activity,) = await cloud.activities("ends")
    assert activity["StatusCode"] == "WaitingForELBConnectionDraining"
    assert await cloud.instance_state(victim) == "running"

    await cloud.pass_time(0.8)
    assert await cloud.instance_state(victim) == "shutting-down"
    assert await cloud.lifecycle("ends", victim) == "Terminating"

    await cloud.pass_time(1.2)
    assert await cloud.lifecycle("ends", victim) == "gone"
    assert await cloud.instance_state(victim) == "terminated"
    assert await cloud.target_state("ends", victim) == "unlisted"
    (activity,) = await cloud.activities("ends")
    assert (activity["StatusCode"], activity["Progress"]) == ("Successful", 100)


async def test_a_member_that_has_drained_already_does_not_wait_again(cloud: Cloud) -> None:
    arn, victim = cloud.first("drained").target_groups[0], cloud.first("drained").instances[0]
    await cloud.balancers.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": victim}])
    await cloud.pass_time(2.2)
    await cloud.terminate(victim, decrement=True)
    await cloud.pass_time(1.3)
    assert await cloud.lifecycle("drained", victim) == "gone"


async def test_a_decrement_lowers_desired_and_nothing_comes_after(cloud: Cloud) -> None:
    victim = cloud.first("decrements").instances[1]
    await cloud.terminate(victim, decrement=True)
    assert (await cloud.group("decrements"))["DesiredCapacity"] == 2
    await cloud.pass_time(30)
    assert await cloud.lifecycle("decrements", victim) == "gone"
    assert not await cloud.newcomers("decrements")


async def test_without_a_decrement_the_group_replaces_terminate_first(cloud: Cloud) -> None:
    victim = cloud.first("renews").instances[1]
    await cloud.terminate(victim, decrement=False)
    assert (await cloud.group("renews"))["DesiredCapacity"] == 3
    await cloud.pass_time(1.5)
    assert await cloud.newcomers("renews")
    launching = next(one for one in await cloud.activities("renews") if one["Description"].startswith("Launching"))
    assert launching["Cause"].endswith("increasing the capacity from 2 to 3.")
    assert "user request" not in launching["Cause"], "nobody changed the desired capacity"


async def test_terminating_twice_takes_effect_once(cloud: Cloud) -> None:
    victim = cloud.first("twice").instances[0]
    await cloud.terminate(victim, decrement=True)
    with pytest.raises(ClientError, match="ScalingActivityInProgress"):
        await cloud.terminate(victim, decrement=True)
    assert (await cloud.group("twice"))["DesiredCapacity"] == 2
    await cloud.pass_time(4)
    with pytest.raises(ClientError, match="ValidationError.*No managed instance found for instance ID"):
        await cloud.terminate(victim, decrement=True)


async def test_a_pending_newcomer_can_be_terminated(cloud: Cloud) -> None:
    await cloud.set_desired("born-to-die", 3)
    await cloud.pass_time(1.5)
    (newcomer,) = await cloud.newcomers("born-to-die")
    assert await cloud.lifecycle("born-to-die", newcomer) == "Pending"
    await cloud.terminate(newcomer, decrement=True)
    await cloud.pass_time(10)
    group = await cloud.group("born-to-die")
    assert (group["DesiredCapacity"], len(group["Instances"])) == (2, 2)
    outcomes = {one["Description"].split(" ")[0]: one["StatusCode"] for one in await cloud.activities("born-to-die")}
    assert outcomes == {"Launching": "Cancelled", "Terminating": "Successful"}


async def test_scale_in_spares_the_protected_and_prefers_the_oldest_version(cloud: Cloud) -> None:
    protected, aged, fresh = cloud.first("shrinks").instances
    await cloud.set_desired("shrinks", 2)
    await cloud.pass_time(5)
    assert set(await cloud.members("shrinks")) == {protected, fresh}, aged
    await cloud.set_desired("shrinks", 0)
    await cloud.pass_time(10)
    assert set(await cloud.members("shrinks")) == {protected}
    causes = [one["Cause"] for one in await cloud.activities("shrinks")]
    assert all("was selected for termination" in cause for cause in causes)
    assert any("changing the desired capacity from 3 to 2" in cause for cause in causes)


async def test_a_member_that_dies_is_replaced_terminate_first(cloud: Cloud) -> None:
    victim = cloud.first("dies").instances[2]
    await cloud.remote.happen("die", instance=victim)
    assert await cloud.targets("dies", victim) in ({victim: "unused"}, {victim: "draining"})
    await cloud.pass_time(0.3)
    assert await cloud.newcomers("dies")
    causes = " ".join(one["Cause"] for one in await cloud.activities("dies"))
    assert "EC2 health check indicating it has been terminated or stopped" in causes
    assert "launched in response to an unhealthy instance needing to be replaced" in causes
    order = [line["event"] for line in cloud.wire("event") if line["group"] == "dies"]
    assert order.index("terminating") < order.index("launched")
    await cloud.pass_time(4)
    assert await cloud.lifecycle("dies", victim) == "gone"


async def test_a_group_with_elb_checks_replaces_what_they_call_unhealthy(cloud: Cloud) -> None:
    victim = cloud.first("elb").instances[0]
    await cloud.remote.happen("target", instance=victim, state=TargetState.UNHEALTHY)
    await cloud.pass_time(5)
    assert await cloud.lifecycle("elb", victim) == "gone"
    assert any("ELB system health check failure" in one["Cause"] for one in await cloud.activities("elb"))
    (newcomer,) = await cloud.newcomers("elb")
    await cloud.remote.happen("target", instance=newcomer, state=TargetState.UNHEALTHY)
    await cloud.pass_time(20)
    assert await cloud.lifecycle("elb", newcomer) == "InService", "within its grace period"
    await cloud.pass_time(30)
    assert await cloud.lifecycle("elb", newcomer) == "gone"


async def test_a_group_replaces_what_stays_impaired_if_the_scenario_says_after_how_long(cloud: Cloud) -> None:
    victim = cloud.first("impaired").instances[0]
    await cloud.remote.happen("status", instance=victim, status=StatusCheck.IMPAIRED)
    await cloud.pass_time(50)
    assert await cloud.lifecycle("impaired", victim) == "InService"
    await cloud.pass_time(15)
    assert await cloud.lifecycle("impaired", victim) == "gone"
    causes = [one["Cause"] for one in await cloud.activities("impaired")]
    assert any("an EC2 instance status checks failure" in cause for cause in causes)


async def test_an_unhealthy_member_stays_while_replacing_is_suspended(cloud: Cloud) -> None:
    victim = cloud.first("kept").instances[0]
    await cloud.scaling.set_instance_health(InstanceId=victim, HealthStatus="Unhealthy")
    await cloud.pass_time(10)
    member = (await cloud.members("kept"))[victim]
    assert (member["LifecycleState"], member["HealthStatus"]) == ("InService", "Unhealthy")
    await cloud.scaling.resume_processes(AutoScalingGroupName="kept", ScalingProcesses=["ReplaceUnhealthy"])
    await cloud.pass_time(5)
    assert await cloud.lifecycle("kept", victim) == "gone"


async def test_standby_leaves_the_target_group_and_comes_back(cloud: Cloud) -> None:
    aside = cloud.first("standby").instances[0]
    await cloud.scaling.enter_standby(
        AutoScalingGroupName="standby", InstanceIds=[aside], ShouldDecrementDesiredCapacity=True
    )
    await cloud.pass_time(0.2)
    assert await cloud.target_state("standby", aside) == "draining"
    await cloud.pass_time(5)
    assert await cloud.targets("standby", aside) == {aside: "unused"}
    assert (await cloud.group("standby"))["DesiredCapacity"] == 2
    await cloud.scaling.exit_standby(AutoScalingGroupName="standby", InstanceIds=[aside])
    await cloud.pass_time(1)
    assert await cloud.target_state("standby", aside) == "initial"
    await cloud.pass_time(2)
    assert await cloud.target_state("standby", aside) == "healthy"
    assert (await cloud.group("standby"))["DesiredCapacity"] == 3
    assert not await cloud.newcomers("standby")


async def test_a_detached_instance_leaves_the_group_and_runs_on(cloud: Cloud) -> None:
    let_go = cloud.first("detached").instances[0]
    await cloud.scaling.detach_instances(
        AutoScalingGroupName="detached", InstanceIds=[let_go], ShouldDecrementDesiredCapacity=True
    )
    assert await cloud.lifecycle("detached", let_go) == "gone"
    assert await cloud.target_state("detached", let_go) == "draining"
    await cloud.pass_time(10)
    assert await cloud.instance_state(let_go) == "running"
