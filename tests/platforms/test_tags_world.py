"""The same tags set by a person's own calls, on the embedded AWS: CreateTags, and Auto Scaling's CreateOrUpdateTags."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from controller.clients.aws import Aws
from controller.demo.scenarios import fleet
from controller.platforms.asg import AsgPlatform
from controller.platforms.asg.options import AsgOptions
from tests.clients.fake_aws import VirtualClock, client_of
from tests.platforms.conftest import Shared
from tests.platforms.driver import accepted
from tests.support.cloud import Cloud, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("tags"), fleet("web", instances=2, zones=1)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(cloud: Cloud) -> AsyncIterator[Shared]:
    clock = VirtualClock()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.world.environment(access_key_id="AKIATAGS").items():
            if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
                patch.setenv(name, value)
        aws: Aws = client_of(clock)
        yield Shared(aws, clock)
        await aws.aclose()


async def said(shared: Shared, instance_id: str) -> tuple[str | None, list[str], list[str]]:
    """What holds a replacement of it, and the vetoes of the instance and of its group."""
    platform = AsgPlatform(AsgOptions(name="web"), shared)
    held = await platform.held(accepted("r-1", instance_id, "eu-west-1a"))
    inventory = await platform.inventory()
    member, group = inventory.instance(instance_id), inventory.group("web")
    assert member is not None
    assert group is not None
    return held, [veto.rule for veto in member.vetoes], [veto.rule for veto in group.vetoes]


async def test_without_a_tag_nothing_is_held(cloud: Cloud, shared: Shared) -> None:
    assert await said(shared, cloud.first("web").instances[0]) == (None, [], [])


async def test_a_tag_on_an_instance_stops_it_and_taking_it_off_ends_that(cloud: Cloud, shared: Shared) -> None:
    first, second = cloud.first("web").instances
    tag = {"Key": "repave:hold", "Value": "post-mortem"}
    await cloud.ec2.create_tags(Resources=[first], Tags=[tag, {"Key": "repave:stateful", "Value": ""}])
    assert await said(shared, first) == (f"{first} bears the tag repave:hold: post-mortem", ["held", "stateful"], [])
    assert await said(shared, second) == (None, [], [])
    await cloud.ec2.delete_tags(Resources=[first], Tags=[{"Key": "repave:hold"}, {"Key": "repave:stateful"}])
    assert await said(shared, first) == (None, [], [])


async def test_a_tag_on_the_group_stops_all_of_it(cloud: Cloud, shared: Shared) -> None:
    tag = {"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": "repave:hold", "PropagateAtLaunch": False}
    await cloud.scaling.create_or_update_tags(Tags=[tag | {"Value": "release"}])
    for instance_id in cloud.first("web").instances:
        assert await said(shared, instance_id) == ("web bears the tag repave:hold: release", [], ["held"])
    await cloud.scaling.delete_tags(Tags=[tag])
    assert await said(shared, cloud.first("web").instances[0]) == (None, [], [])
