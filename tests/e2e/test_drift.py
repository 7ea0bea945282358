"""A host that a launch would not make any more is repaved, with both sides as its evidence; and a declaration that
moves in the middle is nobody's fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controller.demo.scenario import ImageSpec
from controller.demo.scenarios import fleet
from controller.domain.lifecycle import Outcome
from tests.e2e.harness.contract import traced
from tests.e2e.harness.laws import violations
from tests.e2e.harness.stage import GroupScene, stage
from tests.e2e.harness.stories import PERSON
from tests.e2e.harness.tap import Tap
from tests.support.cloud import client
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

FRESH = ImageSpec(created_days_ago=2)
ONE_BEHIND = fleet("drift", instances=2, aged=1, zones=1).model_copy(update={"images": (FRESH, FRESH)})
"""Of two members, the first was born of version 1; a launch would use version 2. Both images are fresh."""

CONFIG = {"drift": ["launch_template", "image"]}


@asynccontextmanager
async def scene_of(tap: Tap, factory: pytest.TempPathFactory) -> AsyncIterator[GroupScene]:
    async with stage(factory.mktemp("drift"), tap, (ONE_BEHIND,)) as place:
        yield place.scene("drift", fleet=CONFIG)


async def test_a_drifted_host_is_repaved_and_the_evidence_says_both_sides(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with scene_of(tap, tmp_path_factory) as scene:
        async with scene.daemon() as daemon:
            assert await daemon.ended(120) == 0
        (done,) = await scene.replacements()
        events = await scene.events(done)
        assert (done.predecessor, done.outcome) == (scene.group.instances[0], Outcome.REPLACED)
        assert done.causes == ("launch_template", "image")
        assert (done.facts["verdict"], done.verification) == ("drifted", "improved")
        evidence = {item["rule"]: item for item in events[0].facts["evidence"]}
        assert evidence["launch_template"]["value"] == "differs: version 1, a launch would use version 2"
        assert evidence["image"]["value"].startswith("differs: ami-")
        assert await traced(scene, scene.trace_id(done), events) == []
        assert violations(scene.wire(), scene.group) == []


async def declare_anew(scene: GroupScene) -> str:
    """Somebody makes a third version of the launch template, which differs in nothing but its number, the default."""
    async with client(scene.stage.world, "ec2", PERSON) as ec2:
        found = await ec2.describe_launch_template_versions(LaunchTemplateName=scene.group.name, Versions=["$Default"])
        data: Any = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        made = await ec2.create_launch_template_version(
            LaunchTemplateName=scene.group.name,
            LaunchTemplateData={"ImageId": data["ImageId"], "InstanceType": data["InstanceType"]},
        )
        version = str(made["LaunchTemplateVersion"]["VersionNumber"])
        await ec2.modify_launch_template(LaunchTemplateName=scene.group.name, DefaultVersion=version)
        return version


async def test_a_declaration_that_moves_in_the_middle_turns_back_and_blames_nobody(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with scene_of(tap, tmp_path_factory) as scene:
        remote = scene.stage.remote
        async with scene.daemon(until_settled=False) as daemon:
            await remote.add_rule(key=daemon.key, action="SetInstanceProtection", moment="after", hold=True)
            await eventually(remote.waiting, within_seconds=60)
            assert await declare_anew(scene) == "3"
            await remote.release()

            async def turned_back() -> bool:
                return any(item.closed_at for item in await scene.replacements())

            await eventually(turned_back, within_seconds=60)
        first, *_ = await scene.replacements()
        assert first.outcome is Outcome.ABORTED
        assert first.failure is not None
        assert first.failure["error_type"] == "declaration_moved"
        assert "launch_template_version from 2 to 3" in first.failure["reason"]
        code, said = await scene.repave("why", scene.group.instances[0])
        assert code == 0
        assert "differs: version 1, a launch would use version 3" in said
        assert "breaker" not in said
        assert violations(scene.wire(), scene.group) == []
