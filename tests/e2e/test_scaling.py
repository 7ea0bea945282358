"""Others move the desired capacity in the middle of a replacement: it ends where it began, plus what they did."""

import pytest

from controller.demo.scenarios import fleet
from controller.domain.lifecycle import Outcome
from tests.e2e.harness.laws import violations
from tests.e2e.harness.stage import GroupScene, stage
from tests.e2e.harness.stories import PERSON
from tests.e2e.harness.tap import Tap
from tests.support.cloud import client
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

UP, DOWN, TAKEN = "up", "down", "taken"
GROUPS = tuple(fleet(name, instances=3, aged=1, zones=1, headroom=3) for name in (UP, DOWN, TAKEN))


async def move(scene: GroupScene) -> None:
    """One group wants one more. Another wants one less, and gives up its oldest: the predecessor. In the third,
    somebody terminates a bystander together with its place."""
    remote = scene.stage.remote
    await remote.happen("scale", group=UP, desired=5)
    await remote.happen("scale", group=DOWN, desired=3)
    bystander = next(group for group in scene.groups if group.name == TAKEN).instances[-1]
    async with client(scene.stage.world, "autoscaling", PERSON) as scaling:
        await scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=bystander, ShouldDecrementDesiredCapacity=True
        )


async def test_what_a_scaling_policy_does_in_the_middle_stays(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with stage(tmp_path_factory.mktemp("scaling"), tap, GROUPS) as place:
        scene, remote = place.scene(UP, DOWN, TAKEN), place.remote
        async with scene.daemon() as daemon:
            where = {"action": "SetInstanceProtection", "moment": "after", "times": len(GROUPS)}
            rule = await remote.add_rule(key=daemon.key, hold=True, **where)

            async def all_in_the_middle() -> bool:
                return len([item for item in await remote.waiting() if item["rule"] == rule]) == len(GROUPS)

            await eventually(all_in_the_middle, within_seconds=60)
            await move(scene)
            await remote.release()
            assert await daemon.ended() == 0
        groups = await remote.state()
    assert {name: groups[name]["desired"] for name in groups} == {UP: 4, DOWN: 2, TAKEN: 2}
    assert {name: len(groups[name]["serving"]) for name in groups} == {UP: 4, DOWN: 2, TAKEN: 2}
    assert {group.name: violations(scene.wire(), group) for group in scene.groups} == {UP: [], DOWN: [], TAKEN: []}
    outcomes = {item.fleet: item.outcome for item in await scene.replacements()}
    assert outcomes == {UP: Outcome.REPLACED, DOWN: Outcome.SUPERSEDED, TAKEN: Outcome.REPLACED}
