"""The ways in which one replacement can go in an Auto Scaling group, and what has to be true at the end of each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.demo.scenario import GroupSpec, ImageSpec, Timings
from controller.demo.scenarios import QUICK, fleet
from controller.domain.lifecycle import Outcome
from tests.e2e.harness.contract import Contract, Story, settling
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.stage import GroupScene, Stage, stage
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.wire import happenings
from tests.support.cloud import client
from tests.support.eventually import eventually

PERSON = "AKIAPERSON"


@dataclass(frozen=True, kw_only=True)
class GroupStory(Story[GroupScene]):
    """Of one Auto Scaling group. spec: such a group, whose name will begin with the story's. timings: of its world."""

    spec: GroupSpec
    timings: Timings = QUICK

    def groups(self, count: int) -> tuple[GroupSpec, ...]:
        """So many groups for so many times."""
        return tuple(self.spec.model_copy(update={"name": f"{self.name}-{number}"}) for number in range(1, count + 1))

    def aged(self, scene: GroupScene) -> str:
        """The instance that has to be replaced."""
        return scene.group.instances[0]

    async def wrong(self, scene: GroupScene) -> list[str]:
        """At the wire and in the group: one surge, one launch, and everything as it has to be in the end."""
        wire, group = scene.wire(), scene.group
        found, launched = violations(wire, group), happenings(wire, group.name, "launched")
        if launches(wire, group) != 1 or len(launched) != 1:
            found.append(f"{launches(wire, group)} surges, {len(launched)} launches")
        return found + await _left_behind(scene, self)


def _failing(spec: GroupSpec) -> GroupSpec:
    """The template's newest image is fresh, and whoever is born of it fails the balancer's checks."""
    bad = ImageSpec(created_days_ago=1, passes_checks=False)
    return spec.model_copy(update={"images": (*spec.images, bad), "default_version": 3})


async def _protect_once_drained(scene: GroupScene) -> None:
    """Somebody protects the predecessor from scale-in as soon as it is taken out of its target group."""
    aged = scene.group.instances[0]

    async def deregistered() -> bool:
        made = scene.mutations()
        return any(item.action == "DeregisterTargets" and item.effect and aged in item.instances for item in made)

    async with client(scene.stage.world, "autoscaling", PERSON) as scaling:
        with suppress(AssertionError):
            await eventually(deregistered, within_seconds=60)
            await scaling.set_instance_protection(
                AutoScalingGroupName=scene.group.name, InstanceIds=[aged], ProtectedFromScaleIn=True
            )


ONE_ZONE = fleet(instances=3, aged=1, zones=1)
"""Three members, one of them aged. In one zone a newcomer cannot come up in the wrong one."""

REPLACED = GroupStory(name="replaced", spec=ONE_ZONE, outcome=Outcome.REPLACED)
"""An aged instance goes, a fresh one takes its place."""

ROOMY = replace(REPLACED, name="roomy", spec=ONE_ZONE.model_copy(update={"maximum": 9}))
"""The same in a group that would let more than one newcomer in."""

UNDONE = GroupStory(
    name="undone",
    spec=_failing(ONE_ZONE),
    outcome=Outcome.FAILED,
    exits=frozenset({0, 1}),  # 0 when the daemon that saw it fail is not the one that ends
    config={"verify": {"ready_within": "2s"}},
    undone=True,
)
"""The successor never gets healthy, and goes again."""

RESTORED = GroupStory(
    name="restored",
    spec=ONE_ZONE,
    outcome=Outcome.ABORTED,
    timings=QUICK.model_copy(update={"drain_seconds": 1.0}),
    meanwhile=_protect_once_drained,
    undone=True,
)
"""A person protects the predecessor when it is drained already: it is put back, and the successor goes."""

SYNCHRONOUS = replace(
    REPLACED,
    name="synchronous",
    spec=fleet(instances=3, aged=1),
    config={"asg": {"launch": "launch_instances"}},
)
"""Launched by LaunchInstances: zones that are even need no luck, because the launch names its zone."""

SAMPLE = (
    (REPLACED, "after accepted"),
    (REPLACED, "before launch returned autoscaling.SetDesiredCapacity"),
    (REPLACED, "after drain called elbv2.DeregisterTargets"),
    (REPLACED, "before the effect of SetDesiredCapacity"),
    (REPLACED, "after the effect of SetDesiredCapacity"),
    (REPLACED, "after the effect of TerminateInstanceInAutoScalingGroup"),
    (UNDONE, "after await_ready failed"),
    (UNDONE, "after the effect of TerminateInstanceInAutoScalingGroup"),
)


@asynccontextmanager
async def _place(folder: Path, tap: Tap, stories: Sequence[Story[GroupScene]], runs: int) -> AsyncIterator[Stage]:
    """A world with a group for every run, and the timings of the first story."""
    told = [story for story in stories if isinstance(story, GroupStory)]
    groups = tuple(group for story in told for group in story.groups(runs))
    async with stage(folder, tap, groups, told[0].timings) as world:
        yield world


GROUPS = Contract(name="asg", stories=(REPLACED, UNDONE, RESTORED, SYNCHRONOUS), sample=SAMPLE, place=_place, runs=8)
"""How Auto Scaling groups join the crash test."""


async def _left_behind(scene: GroupScene, story: GroupStory) -> list[str]:
    """Members, places, protections and registrations that should not be, or that are missing."""

    async def look() -> list[str]:
        return _unsettled((await scene.stage.remote.state())[scene.group.name], scene, story)

    return await settling(look)


def _unsettled(group: Mapping[str, Any], scene: GroupScene, story: GroupStory) -> list[str]:
    size, aged, members = len(scene.group.instances), story.aged(scene), group["instances"]
    found = [] if group["desired"] == len(members) == size else [f"{group['desired']} desired, {len(members)} there"]
    if len(group["serving"]) != size:
        found.append(f"{len(group['serving'])} of {size} serve")
    if (aged in members) != story.undone:
        found.append(f"the predecessor {aged} is {'there' if aged in members else 'gone'}")
    for instance_id, member in members.items():
        by_person = story.name == "restored" and instance_id == aged
        if member["protected"] != by_person:
            found.append(f"{instance_id} is {'' if member['protected'] else 'not '}protected")
        if set(member["targets"].values()) != {"healthy"}:
            found.append(f"{instance_id} is {member['targets']}")
    return found
