"""Every listed operation that moto serves: its answers are taken for answers."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.clients.aws import MUTATIONS, READS, Aws, AwsScope
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.moto_server import REGION, moto_server, plain_client

HERE = AwsScope(region=REGION)
UNSERVED = {
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:LaunchInstances",
    "ec2:DescribeInstanceImageMetadata",
}
LOGS = {"logs:FilterLogEvents", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"}
ELSEWHERE = LOGS | {"s3:GetObject"}
"""Of logs moto understands too little: tests/probes asks the embedded world. Objects are in test_config_store.py."""

GROUP = {"AutoScalingGroupName": "web"}
METRIC = {"Metric": {"Namespace": "CWAgent", "MetricName": "mem_used_percent"}, "Period": 60, "Stat": "Maximum"}
HOUR = {"StartTime": datetime(2026, 11, 23, 11, tzinfo=UTC), "EndTime": datetime(2026, 11, 23, 12, tzinfo=UTC)}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
async def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Aws]:
    FakeAws(url=moto).environment(monkeypatch)
    client = client_of(VirtualClock())
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
def made(moto: str) -> dict[str, Any]:
    """A group of two behind a target group."""
    ec2, elbv2, scaling = (plain_client(name, moto) for name in ("ec2", "elbv2", "autoscaling"))
    image = ec2.describe_images()["Images"][0]["ImageId"]
    plain_client("ssm", moto).put_parameter(Name="/golden/web", Value=image, Type="String")
    data = {"ImageId": image, "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=8,
        DesiredCapacity=2,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateName": "web"},
        TargetGroupARNs=[group["TargetGroupArn"]],
    )
    plain_client("secretsmanager", moto).create_secret(Name="key", SecretString="throw-away")
    members = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    return {"image": image, "arn": group["TargetGroupArn"], "ids": [member["InstanceId"] for member in members]}


async def test_every_listed_operation_is_understood(aws: Aws, made: dict[str, Any]) -> None:
    first = made["ids"][0]
    reads: dict[str, dict[str, Any]] = {
        "autoscaling:DescribeAutoScalingGroups": {"AutoScalingGroupNames": ["web"]},
        "autoscaling:DescribeScalingActivities": GROUP,
        "autoscaling:DescribeScheduledActions": GROUP,
        "autoscaling:DescribeTags": {},
        "cloudwatch:GetMetricData": {"MetricDataQueries": [{"Id": "m0", "MetricStat": METRIC}], **HOUR},
        "cloudwatch:ListMetrics": {"Namespace": "CWAgent"},
        "ec2:DescribeImages": {"ImageIds": [made["image"]]},
        "ec2:DescribeInstances": {"InstanceIds": made["ids"]},
        "ec2:DescribeInstanceStatus": {"InstanceIds": made["ids"], "IncludeAllInstances": True},
        "ec2:DescribeLaunchTemplateVersions": {"LaunchTemplateName": "web"},
        "ec2:DescribeTags": {},
        "ssm:GetParameter": {"Name": "/golden/web"},
        "elbv2:DescribeTargetHealth": {"TargetGroupArn": made["arn"]},
        "secretsmanager:GetSecretValue": {"SecretId": "key"},
    }
    mutations: dict[str, dict[str, Any]] = {
        "autoscaling:SetInstanceProtection": GROUP | {"InstanceIds": [first], "ProtectedFromScaleIn": True},
        "elbv2:DeregisterTargets": {"TargetGroupArn": made["arn"], "Targets": [{"Id": first}]},
        "elbv2:RegisterTargets": {"TargetGroupArn": made["arn"], "Targets": [{"Id": first}]},
        "autoscaling:SetDesiredCapacity": GROUP | {"DesiredCapacity": 3},
        "autoscaling:TerminateInstanceInAutoScalingGroup": {
            "InstanceId": first,
            "ShouldDecrementDesiredCapacity": True,
        },
    }
    assert reads.keys() == READS - UNSERVED - ELSEWHERE
    assert mutations.keys() == MUTATIONS - UNSERVED
    for name, parameters in (reads | mutations).items():
        service, _, operation = name.partition(":")
        answer = await (aws.read if name in READS else aws.mutate)(HERE, service, operation, **parameters)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200, name
