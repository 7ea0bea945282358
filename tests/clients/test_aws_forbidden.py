"""Law 1 at the wire: what is on neither list never leaves the process, whoever asks for it."""

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from controller.clients.aws import MUTATIONS, READS, Aws, AwsScope
from controller.domain.errors import ForbiddenCall
from tests.clients.fake_aws import FakeAws, ok

HERE = AwsScope(region="eu-west-1")
CONNECT = {"InstanceId": "i-0123456789", "InstanceOSUser": "root", "SSHPublicKey": "k" * 99}
MENDING: list[tuple[str, str, dict[str, Any]]] = [
    ("ssm", "SendCommand", {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"]}),
    ("ssm", "StartSession", {"Target": "i-1"}),
    ("ec2", "RebootInstances", {"InstanceIds": ["i-1"]}),
    ("ec2", "StartInstances", {"InstanceIds": ["i-1"]}),
    ("ec2", "StopInstances", {"InstanceIds": ["i-1"]}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["i-1"]}),
    ("ec2", "CreateReplaceRootVolumeTask", {"InstanceId": "i-1"}),
    ("ec2", "ModifyInstanceAttribute", {"InstanceId": "i-1"}),
    ("ec2-instance-connect", "SendSSHPublicKey", CONNECT),
    ("ecs", "ExecuteCommand", {"task": "t", "command": "sh", "interactive": True}),
    ("autoscaling", "SetInstanceHealth", {"InstanceId": "i-1", "HealthStatus": "Unhealthy"}),
    ("autoscaling", "StartInstanceRefresh", {"AutoScalingGroupName": "web"}),
    ("autoscaling", "UpdateAutoScalingGroup", {"AutoScalingGroupName": "web", "MinSize": 0}),
    ("autoscaling", "DeleteAutoScalingGroup", {"AutoScalingGroupName": "web"}),
    ("iam", "CreateUser", {"UserName": "u"}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), MENDING, ids=[case[1] for case in MENDING])
async def test_a_mending_call_never_leaves_the_process(
    aws: Aws, endpoint: FakeAws, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    endpoint.says(operation, ok(operation))
    with pytest.raises(ForbiddenCall, match=operation):
        await aws.mutate(HERE, service, operation, **parameters)
    with pytest.raises(ForbiddenCall, match=operation):
        await aws.read(HERE, service, operation, **parameters)
    with pytest.raises(ForbiddenCall, match=operation):
        _ = [page async for page in aws.pages(HERE, service, operation, **parameters)]
    client = await aws._client(HERE, service)
    with pytest.raises(ForbiddenCall, match=operation):
        await getattr(client, xform_name(operation))(**parameters)
    assert not endpoint.requests


@pytest.mark.parametrize("scope", [HERE, AwsScope(region="eu-west-1", role_arn="arn:aws:iam::123456789012:role/r")])
async def test_the_last_line_of_defence_holds_for_a_role_too(aws: Aws, endpoint: FakeAws, scope: AwsScope) -> None:
    client = await aws._client(scope, "ec2")
    with pytest.raises(ForbiddenCall, match="ec2:RebootInstances"):
        await client.reboot_instances(InstanceIds=["i-1"])
    assert not endpoint.requests


async def test_a_mutation_is_not_made_by_reading_nor_a_read_by_mutating(aws: Aws, endpoint: FakeAws) -> None:
    with pytest.raises(ForbiddenCall, match="list of reads"):
        await aws.read(HERE, "autoscaling", "SetDesiredCapacity", AutoScalingGroupName="web", DesiredCapacity=1)
    with pytest.raises(ForbiddenCall, match="list of mutations"):
        await aws.mutate(HERE, "autoscaling", "DescribeAutoScalingGroups")
    assert not endpoint.requests


QUERIES = {"logs:FilterLogEvents", "logs:StartQuery", "logs:StopQuery"}
"""Reads by another name: they search logs and change nothing."""


def test_the_lists_name_what_exists_and_keep_reading_and_changing_apart() -> None:
    session = botocore.session.Session()
    models = {name: session.get_service_model(name) for name in {name.partition(":")[0] for name in READS | MUTATIONS}}
    for name in READS | MUTATIONS:
        service, _, operation = name.partition(":")
        assert operation in models[service].operation_names, name
        reads = operation.startswith(("Describe", "Get", "List")) or name in QUERIES
        assert reads is (name in READS), name
    assert not READS & MUTATIONS


def test_nothing_is_listed_that_nobody_calls() -> None:
    root = Path(__file__).parents[2]
    files = [path for room in ("controller", "probes") for path in (root / room).rglob("*.py")]
    code = "".join(path.read_text() for path in files if path.name != "aws.py" and "demo" not in path.parts)
    assert [name for name in sorted(READS | MUTATIONS) if f'"{name.partition(":")[2]}"' not in code] == []
