"""The same against moto, which knows ELB's rules. It does not know draining, initial targets or several ports."""

from collections.abc import AsyncIterator, Iterator

import pytest

from controller.balancers.target_group import TargetGroups
from controller.clients.aws import AwsScope
from controller.domain.ports import Server
from tests.balancers.gate import Gate
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.moto_server import REGION, moto_server, plain_client


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
async def groups(moto: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TargetGroups]:
    FakeAws(url=moto).environment(monkeypatch)
    aws = client_of(VirtualClock())
    yield TargetGroups(aws, AwsScope(region=REGION))
    await aws.aclose()


@pytest.fixture
def prepared(moto: str) -> tuple[str, str]:
    """A target group, and an instance registered in it."""
    ec2, elbv2 = plain_client("ec2", moto), plain_client("elbv2", moto)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    group = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    arn = group["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance}])
    return arn, instance


async def test_an_instance_is_seen_taken_out_and_taken_in_again(
    groups: TargetGroups, prepared: tuple[str, str]
) -> None:
    arn, instance = prepared
    assert [target.balancer for target in (await groups.targets(arn, ())).values()] == [arn]
    await groups.deregister(arn, Server(instance), Gate())
    assert instance not in await groups.targets(arn, ())
    await groups.deregister(arn, Server(instance), Gate())
    await groups.register(arn, Server(instance), Gate())
    assert list(await groups.targets(arn, ())) == [instance]
