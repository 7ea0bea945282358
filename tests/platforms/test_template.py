"""What a launch would use now, on the embedded AWS: `$Latest`, `$Default`, numbers, and images named by a parameter."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from controller.clients.aws import Aws
from controller.demo.scenarios import fleet
from controller.platforms.asg import AsgPlatform
from controller.platforms.asg.options import AsgOptions
from tests.clients.fake_aws import VirtualClock, client_of
from tests.platforms.conftest import Shared
from tests.support.cloud import Cloud, client, frozen_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATEST = fleet("latest", instances=1, zones=1).model_copy(update={"template_version": "$Latest"})
GROUPS = (LATEST, fleet("default", instances=1, zones=1), fleet("golden", instances=1, zones=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with frozen_cloud(tmp_path_factory.mktemp("template"), *GROUPS) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(cloud: Cloud) -> AsyncIterator[Shared]:
    clock = VirtualClock()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.world.environment(access_key_id="AKIATEMPLATE").items():
            if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
                patch.setenv(name, value)
        aws: Aws = client_of(clock)
        yield Shared(aws, clock)
        await aws.aclose()


async def would_launch(shared: Shared, name: str) -> tuple[str | None, str | None]:
    """The image and the version, as the inventory says."""
    inventory = await AsgPlatform(AsgOptions(name=name), shared).inventory()
    group = inventory.group(name)
    assert group is not None
    return group.launch_image.id if group.launch_image else None, group.attributes.get("launch_template_version")


async def images(cloud: Cloud, name: str) -> list[str]:
    """By version of the group's template."""
    found = await cloud.ec2.describe_launch_template_versions(LaunchTemplateName=name)
    return [version["LaunchTemplateData"]["ImageId"] for version in found["LaunchTemplateVersions"]]


async def new_version(cloud: Cloud, name: str, image: str) -> int:
    data = {"ImageId": image, "InstanceType": "t3.micro"}
    made = await cloud.ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=data)
    return int(made["LaunchTemplateVersion"]["VersionNumber"])


async def test_latest_moves_with_the_newest_version(cloud: Cloud, shared: Shared) -> None:
    first, second = await images(cloud, "latest")
    assert await would_launch(shared, "latest") == (second, "2")
    assert await new_version(cloud, "latest", first) == 3
    assert await would_launch(shared, "latest") == (first, "3")


async def test_default_moves_when_somebody_moves_it(cloud: Cloud, shared: Shared) -> None:
    first, second = await images(cloud, "default")
    assert await would_launch(shared, "default") == (second, "2")
    await cloud.ec2.modify_launch_template(LaunchTemplateName="default", DefaultVersion="1")
    assert await would_launch(shared, "default") == (first, "1")


async def test_a_member_of_another_version_tells_its_own(cloud: Cloud, shared: Shared) -> None:
    inventory = await AsgPlatform(AsgOptions(name="default"), shared).inventory()
    (member,) = inventory.instances
    born = (await cloud.members("default"))[member.id]["LaunchTemplate"]
    assert member.attributes["launch_template_id"] == born["LaunchTemplateId"]
    assert member.attributes["launch_template_version"] == born["Version"] == "2"


@pytest.mark.parametrize("asked_of", ["EC2", "Systems Manager"])
async def test_an_image_named_by_a_parameter_is_read_each_time(cloud: Cloud, shared: Shared, asked_of: str) -> None:
    first, second, *_ = await images(cloud, "golden")
    if asked_of == "Systems Manager":  # where EC2 may not read the parameter, it refuses to resolve it
        refusal = {"error_code": "UnauthorizedOperation", "error_status": 403, "times": None}
        await cloud.remote.add_rule(parameters={"ResolveAlias": "true"}, **refusal)
    async with client(cloud.world, "ssm") as ssm:
        for image in (first, second):
            await ssm.put_parameter(Name="/golden/web", Value=image, Type="String", Overwrite=True)
            version = await new_version(cloud, "golden", "resolve:ssm:/golden/web")
            await cloud.ec2.modify_launch_template(LaunchTemplateName="golden", DefaultVersion=str(version))
            assert await would_launch(shared, "golden") == (image, str(version))
    await cloud.remote.clear_rules()


async def test_a_newcomer_runs_what_the_parameter_names(cloud: Cloud, shared: Shared) -> None:
    image, version = await would_launch(shared, "golden")
    await cloud.set_desired("golden", 2)
    await cloud.pass_time(10)
    (newcomer,) = await cloud.newcomers("golden")
    inventory = await AsgPlatform(AsgOptions(name="golden"), shared).inventory()
    member = inventory.instance(newcomer)
    assert member is not None
    assert (member.image.id, member.attributes["launch_template_version"]) == (image, version)


async def test_a_parameter_that_is_gone_is_a_gap_and_no_image(cloud: Cloud, shared: Shared) -> None:
    version = await new_version(cloud, "golden", "resolve:ssm:/golden/gone")
    await cloud.ec2.modify_launch_template(LaunchTemplateName="golden", DefaultVersion=str(version))
    assert await would_launch(shared, "golden") == (None, str(version))
    gaps: Any = (await AsgPlatform(AsgOptions(name="golden"), shared).inventory()).gaps
    assert any("what golden would launch could not be read" in gap for gap in gaps), gaps
