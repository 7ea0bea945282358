"""Several regions and accounts from one process, on moto: whose group is whose, and how many clients it takes."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from controller.clients.aws import Aws
from controller.platforms.asg import AsgPlatform
from controller.platforms.asg.options import AsgOptions
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.moto_server import moto_server
from tests.platforms.conftest import Shared

THEIRS = "arn:aws:iam::222222222222:role/repave"
PLACES: dict[str, dict[str, Any]] = {
    "here": {"region": "eu-west-1"},
    "there": {"region": "us-east-1"},
    "theirs": {"region": "eu-west-1", "role_arn": THEIRS, "external_id": "repave-7"},
}
SIZES = {"here": 1, "there": 2, "theirs": 3}
ACCOUNTS = {"here": "123456789012", "there": "123456789012", "theirs": "222222222222"}


def client(service: str, url: str, region: str, **keys: str) -> Any:
    who = keys or {"aws_access_key_id": "OURS", "aws_secret_access_key": "throw-away"}
    return boto3.client(service, region, endpoint_url=url, **who)


def keys_of(url: str, options: dict[str, Any]) -> dict[str, str]:
    """The test's own way into an account."""
    if "role_arn" not in options:
        return {}
    found = client("sts", url, options["region"]).assume_role(RoleArn=THEIRS, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A group called web in each place, of another size in each."""
    with moto_server() as endpoint:
        for name, options in PLACES.items():
            keys, region = keys_of(endpoint, options), options["region"]
            ec2, scaling = (client(service, endpoint, region, **keys) for service in ("ec2", "autoscaling"))
            image = ec2.describe_images()["Images"][0]["ImageId"]
            data = {"ImageId": image, "InstanceType": "t3.micro"}
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
            scaling.create_auto_scaling_group(
                AutoScalingGroupName="web",
                MinSize=0,
                MaxSize=8,
                DesiredCapacity=SIZES[name],
                AvailabilityZones=[f"{region}a"],
                LaunchTemplate={"LaunchTemplateName": "web"},
            )
        yield endpoint


@pytest.fixture
async def shared(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shared]:
    FakeAws(url=url).environment(monkeypatch)
    clock = VirtualClock()
    aws = client_of(clock)
    yield Shared(aws, clock)
    await aws.aclose()


def platform(shared: Shared, name: str) -> AsgPlatform:
    return AsgPlatform(AsgOptions(name="web", **PLACES[name]), shared)


async def test_each_fleet_sees_the_group_of_its_own_account_and_region(shared: Shared) -> None:
    for name, options in PLACES.items():
        seen = await platform(shared, name).inventory()
        assert len(seen.instances) == SIZES[name]
        assert seen.scope["cloud.account.id"] == ACCOUNTS[name]
        assert seen.scope["cloud.region"] == options["region"]
        assert all(member.launched_at is not None for member in seen.instances), "EC2 was asked in the same place"


async def test_what_is_changed_in_one_place_is_changed_nowhere_else(shared: Shared, url: str) -> None:
    aws: Aws = shared.get(Aws)
    scope = AsgOptions(name="web", **PLACES["theirs"]).scope
    wanted = {"AutoScalingGroupName": "web", "DesiredCapacity": 4}
    await aws.mutate(scope, "autoscaling", "SetDesiredCapacity", **wanted)
    try:
        found = {name: (await platform(shared, name).inventory()).groups[0].desired for name in PLACES}
        assert found == SIZES | {"theirs": 4}
    finally:
        await aws.mutate(scope, "autoscaling", "SetDesiredCapacity", **wanted | {"DesiredCapacity": 3})


async def test_many_fleets_of_one_place_share_its_clients_and_its_budget(shared: Shared) -> None:
    aws: Aws = shared.get(Aws)
    for name in (*PLACES, *PLACES, *PLACES):
        await platform(shared, name).inventory()
    made = sorted((service, region, role or "") for service, region, role, _ in aws._clients)
    assert made == sorted(
        (service, options["region"], options.get("role_arn", ""))
        for service in ("autoscaling", "ec2")
        for options in PLACES.values()
    )
    assert len(aws._roles) == 1
    accounts = {(account, region) for account, region, _, _ in aws.budgets.buckets}
    assert accounts == {("", "eu-west-1"), ("", "us-east-1"), ("222222222222", "eu-west-1")}
