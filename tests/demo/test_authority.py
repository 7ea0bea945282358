"""Whoever has policies in the embedded AWS may do what they allow, and is told in AWS's words what they do not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from controller.demo.scenarios import fleet
from tests.support.cloud import Cloud, client, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUP = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/web"
TAGGED = {"StringEquals": {"aws:ResourceTag/fleet": "web"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    groups = (fleet("web", instances=2, headroom=4), fleet("api", instances=2))
    async with frozen_cloud(tmp_path_factory.mktemp("authority"), *groups) as running:
        yield running


def allowing(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}


async def refused(call: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        await call
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


async def test_who_has_no_policies_may_do_everything(cloud: Cloud) -> None:
    await cloud.remote.attach("AKIASOMEBODYELSE")
    await cloud.set_desired("api", 2)
    assert cloud.wire("request")[-1]["needs"] == []


async def test_what_is_not_allowed_is_refused_as_each_service_does_it(cloud: Cloud) -> None:
    await cloud.remote.attach("AKIANOBODY*")
    async with (
        client(cloud.world, "ec2", "AKIANOBODY1") as ec2,
        client(cloud.world, "autoscaling", "AKIANOBODY2") as scaling,
        client(cloud.world, "ssm", "AKIANOBODY3") as ssm,
        client(cloud.world, "s3", "AKIANOBODY4") as s3,
    ):
        status, code, words = await refused(ec2.describe_instances())
        assert (status, code) == (403, "UnauthorizedOperation")
        assert "not authorized to perform: ec2:DescribeInstances on resource: *" in words
        status, code, words = await refused(scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1))
        assert (status, code) == (403, "AccessDenied")
        assert "autoscaling:SetDesiredCapacity on resource: arn:aws:autoscaling:" in words
        assert (await refused(ssm.get_parameter(Name="/a")))[:2] == (400, "AccessDeniedException")
        assert (await refused(s3.get_object(Bucket="bucket", Key="a/b")))[:2] == (403, "AccessDenied")
    line = cloud.wire("request")[-1]
    assert (line["needs"], line["effect"], line["error"]) == (["s3:GetObject"], False, "AccessDenied")
    assert (await cloud.group("web"))["DesiredCapacity"] == 2


async def test_a_group_is_allowed_by_name_and_by_tag_and_an_instance_by_its_group(cloud: Cloud) -> None:
    document = allowing("autoscaling:*", GROUP, Condition=TAGGED)
    await cloud.remote.attach("AKIASCOPED", document)
    inside, outside = next(iter(await cloud.members("web"))), next(iter(await cloud.members("api")))
    async with client(cloud.world, "autoscaling", "AKIASCOPED") as scaling:
        terminate = scaling.terminate_instance_in_auto_scaling_group
        assert (await refused(terminate(InstanceId=outside, ShouldDecrementDesiredCapacity=True)))[1] == "AccessDenied"
        await scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
        await cloud.remote.happen("tag", group="web", key="fleet", value="else")
        assert (await refused(terminate(InstanceId=inside, ShouldDecrementDesiredCapacity=True)))[1] == "AccessDenied"
        await cloud.remote.happen("tag", group="web", key="fleet", value="web")
        await terminate(InstanceId=inside, ShouldDecrementDesiredCapacity=True)


async def test_a_target_group_is_allowed_by_its_tag(cloud: Cloud) -> None:
    await cloud.remote.attach("AKIATRAFFIC", allowing("elasticloadbalancing:DeregisterTargets", Condition=TAGGED))
    async with client(cloud.world, "elbv2", "AKIATRAFFIC") as balancers:
        for name, allowed in (("web", True), ("api", False)):
            about = {"TargetGroupArn": cloud.first(name).target_groups[0], "Targets": [{"Id": "i-1"}]}
            if allowed:
                await balancers.deregister_targets(**about)
            else:
                assert (await refused(balancers.deregister_targets(**about)))[1] == "AccessDenied"


async def test_launching_needs_what_aws_does_in_ones_name(cloud: Cloud) -> None:
    launch = allowing("autoscaling:LaunchInstances")
    fleets = allowing(["ec2:CreateFleet", "ec2:DescribeLaunchTemplateVersions"])
    tags = allowing("ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": "CreateFleet"}})
    zone = next(iter((await cloud.members("web")).values()))["AvailabilityZone"]
    about = {
        "AutoScalingGroupName": "web",
        "RequestedCapacity": 1,
        "AvailabilityZones": [zone],
        "RetryStrategy": "none",
        "ClientToken": "one",
    }
    async with client(cloud.world, "autoscaling", "AKIALAUNCHER") as scaling:
        await cloud.remote.attach("AKIALAUNCHER", launch)
        assert "ec2:CreateFleet" in (await refused(scaling.launch_instances(**about)))[2]
        await cloud.remote.attach("AKIALAUNCHER", launch, fleets)
        assert "ec2:CreateTags" in (await refused(scaling.launch_instances(**about)))[2]
        await cloud.remote.attach("AKIALAUNCHER", launch, fleets, tags)
        assert (await scaling.launch_instances(**about))["Instances"]


async def test_who_takes_a_role_on_may_do_what_the_role_may_and_no_more(cloud: Cloud) -> None:
    member, other = "arn:aws:iam::123456789012:role/platform/member", "arn:aws:iam::123456789012:role/other"
    await cloud.remote.attach("AKIATAKER", allowing("sts:AssumeRole", member))
    await cloud.remote.attach("role/member", allowing("autoscaling:DescribeAutoScalingGroups"))
    async with client(cloud.world, "sts", "AKIATAKER") as sts:
        assert (
            "sts:AssumeRole on resource" in (await refused(sts.assume_role(RoleArn=other, RoleSessionName="repave")))[2]
        )
        taken = await sts.assume_role(RoleArn=member, RoleSessionName="repave")
    async with client(cloud.world, "autoscaling", taken["Credentials"]["AccessKeyId"]) as scaling:
        await scaling.describe_auto_scaling_groups()
        line = cloud.wire("request")[-1]
        assert (line["key"], line["role"], line["effect"]) == ("AKIATAKER", "member", True)
        _, code, words = await refused(scaling.set_desired_capacity(AutoScalingGroupName="api", DesiredCapacity=2))
        assert (code, "assumed-role/member/AKIATAKER is not authorized" in words) == ("AccessDenied", True)


async def test_a_transaction_needs_what_it_is_made_of(cloud: Cloud) -> None:
    table = "arn:aws:dynamodb:eu-west-1:123456789012:table/repave"
    await cloud.remote.attach("AKIAJOURNAL", allowing("dynamodb:PutItem", table))
    put = {"Put": {"TableName": "repave", "Item": {"pk": {"S": "a"}}}}
    check = {"ConditionCheck": {"TableName": "repave", "Key": {"pk": {"S": "b"}}, "ConditionExpression": "pk = pk"}}
    async with client(cloud.world, "dynamodb", "AKIAJOURNAL") as dynamodb:
        _, code, words = await refused(dynamodb.transact_write_items(TransactItems=[put, check]))
        assert (code, "dynamodb:ConditionCheckItem on resource" in words) == ("AccessDeniedException", True)
        assert (await refused(dynamodb.transact_write_items(TransactItems=[put])))[1] == "ResourceNotFoundException"


async def test_a_policy_that_is_not_understood_is_refused_whole(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="does not understand NumericEquals"):
        await cloud.remote.attach("AKIAX", allowing("*", Condition={"NumericEquals": {"a": "1"}}))
