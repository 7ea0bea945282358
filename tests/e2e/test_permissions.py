"""The shipped IAM policies at the wire: in force for every daemon of these tests, they suffice, and allow no change
that nobody makes."""

from dataclasses import replace

import pytest

from controller.domain.lifecycle import Outcome
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.kills import meanwhile
from tests.e2e.harness.permissions import (
    ACT,
    CHANGING,
    LOOK,
    LOOKING_KEY,
    MEMBER_ROLE,
    MISTAKEN_KEY,
    TAG,
    denied,
    document,
    made,
)
from tests.e2e.harness.stage import GroupScene, Stage, stage
from tests.e2e.harness.stories import REPLACED, RESTORED
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.wire import Request
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


def asked(scene: GroupScene, daemon: Daemon) -> list[Request]:
    return [one for one in scene.wire() if isinstance(one, Request) and one.key == daemon.key]


async def test_in_mode_observe_the_policy_for_looking_suffices(world: Stage) -> None:
    scene = world.scene(REPLACED.name, top={"mode": "observe"})
    async with scene.daemon(until_settled=False) as daemon:
        assert daemon.key.startswith(LOOKING_KEY)
        await daemon.ticks(2)
        assert await daemon.stopped() == 0
    requests = asked(scene, daemon)
    assert requests
    assert [one.call for one in requests if one.mutating or one.error] == []
    assert all(one.needs for one in requests), "the policies were asked"


async def test_with_the_policy_for_looking_alone_nothing_is_changed_and_it_says_what_is_denied(world: Stage) -> None:
    await world.remote.attach(f"{MISTAKEN_KEY}*", *map(document, LOOK))
    scene = world.scene(REPLACED.name)
    scene.policies = MISTAKEN_KEY
    async with scene.daemon() as daemon:
        assert await daemon.ended() == 1
    refused = [one for one in asked(scene, daemon) if one.mutating]
    assert {(one.call, one.effect, one.error) for one in refused} == {
        ("autoscaling:SetDesiredCapacity", False, "AccessDenied")
    }
    (replacement,) = await scene.replacements()
    assert replacement.outcome is Outcome.FAILED
    assert "not authorized to perform: autoscaling:SetDesiredCapacity" in str(replacement.failure)


async def test_a_group_without_the_tag_is_not_touched(world: Stage) -> None:
    await world.remote.attach(f"{MISTAKEN_KEY}*", *map(document, ACT))
    scene = world.scene(REPLACED.name)
    scene.policies = MISTAKEN_KEY
    await world.remote.happen("tag", group=scene.group.name, key=TAG[0], value=None)
    async with scene.daemon() as daemon:
        assert await daemon.ended() == 1
    assert not [one for one in asked(scene, daemon) if one.mutating and one.effect]


async def test_planted_a_policy_that_lacks_one_mutation_is_found_out(world: Stage) -> None:
    act = document("act")
    lacking = "autoscaling:TerminateInstanceInAutoScalingGroup"
    for one in act["Statement"]:
        one["Action"] = [action for action in one["Action"] if action != lacking]
    await world.remote.attach(f"{MISTAKEN_KEY}*", *map(document, LOOK), act)
    scene = world.scene(REPLACED.name)
    scene.policies = MISTAKEN_KEY
    async with scene.daemon(until_settled=False) as daemon:

        async def refused() -> bool:
            return lacking in {one.call for one in asked(scene, daemon) if one.error == "AccessDenied"}

        await eventually(refused, within_seconds=60)
        assert await daemon.stopped() == 0
    assert len(denied(asked(scene, daemon), but="")) == 1


async def test_what_was_drained_may_be_put_back_as_a_member(tap: Tap, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The daemon's own policies let it do no more here than take the role on; the role's are the ones that suffice."""
    folder = tmp_path_factory.mktemp("restored")
    as_member = {"asg": {"role_arn": document("assume")["Statement"][0]["Resource"][0], "external_id": "0a1b2c3d4e5f"}}
    story = replace(RESTORED, config=as_member)
    async with stage(folder, tap, story.groups(1), story.timings) as place, place.play(story) as scene:
        async with meanwhile(scene, story), scene.daemon() as daemon:
            assert await daemon.ended() in story.exits
        assert await judged(scene, story) == []
        assert {one.role for one in asked(scene, daemon) if one.mutating} == {MEMBER_ROLE}
        assert "elbv2:RegisterTargets" in {one.call for one in scene.mutations(daemon) if one.effect}


def unused(allowed: set[str], used: set[str]) -> list[str]:
    return sorted(allowed - used)


async def test_every_mutation_that_is_allowed_was_made() -> None:
    """Last of all; left out where not all of these tests run."""
    allowed = {action for name in CHANGING for one in document(name)["Statement"] for action in one["Action"]}
    assert unused(allowed, made()) == [], "allowed, and no test makes use of it"


async def test_planted_an_action_that_nobody_uses_is_found_out() -> None:
    assert unused({"ec2:RebootInstances", "ec2:CreateFleet"}, {"ec2:CreateFleet"}) == ["ec2:RebootInstances"]
