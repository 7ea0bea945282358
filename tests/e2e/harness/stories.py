"""The ways in which one replacement can go, and what has to be true at the end of each."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from controller.demo.scenario import GroupSpec, ImageSpec, Timings
from controller.demo.scenarios import QUICK, fleet
from controller.domain.lifecycle import Outcome
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.stage import Scene
from tests.e2e.harness.traces import trace_problems
from tests.e2e.harness.wire import happenings
from tests.support.cloud import client
from tests.support.eventually import eventually

PERSON = "AKIAPERSON"


@dataclass(frozen=True)
class Story:
    """name: also what its groups' names begin with. spec: such a group. outcome: of its one replacement.

    exits: codes that a daemon may end with. config: what the fleet's configuration says besides. timings: of its world.
    meanwhile: what somebody else does while it goes on. undone: whether the predecessor has to be there at the end.
    """

    name: str
    spec: GroupSpec
    outcome: Outcome
    exits: frozenset[int] = frozenset({0})
    config: Mapping[str, Any] = field(default_factory=dict)
    timings: Timings = QUICK
    meanwhile: Callable[[Scene], Awaitable[None]] | None = None
    undone: bool = False

    def groups(self, count: int) -> tuple[GroupSpec, ...]:
        """So many groups for so many times."""
        return tuple(self.spec.model_copy(update={"name": f"{self.name}-{number}"}) for number in range(1, count + 1))

    def aged(self, scene: Scene) -> str:
        """The instance that has to be replaced."""
        return scene.group.instances[0]


def _failing(spec: GroupSpec) -> GroupSpec:
    """The template's newest image is fresh, and whoever is born of it fails the balancer's checks."""
    bad = ImageSpec(created_days_ago=1, passes_checks=False)
    return spec.model_copy(update={"images": (*spec.images, bad), "default_version": 3})


async def _protect_once_drained(scene: Scene) -> None:
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

REPLACED = Story("replaced", ONE_ZONE, Outcome.REPLACED)
"""An aged instance goes, a fresh one takes its place."""

ROOMY = replace(REPLACED, name="roomy", spec=ONE_ZONE.model_copy(update={"maximum": 9}))
"""The same in a group that would let more than one newcomer in."""

UNDONE = Story(
    name="undone",
    spec=_failing(ONE_ZONE),
    outcome=Outcome.FAILED,
    exits=frozenset({0, 1}),  # 0 when the daemon that saw it fail is not the one that ends
    config={"verify": {"ready_within": "2s"}},
    undone=True,
)
"""The successor never gets healthy, and goes again."""

RESTORED = Story(
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

STORIES = (REPLACED, UNDONE, RESTORED, SYNCHRONOUS)


async def judged(scene: Scene, story: Story) -> list[str]:
    """What is wrong when a story has ended: one sentence each, and nothing when all is well."""
    wire, group = scene.wire(), scene.group
    found = violations(wire, group)
    if launches(wire, group) != 1 or len(happenings(wire, group.name, "launched")) != 1:
        found.append(f"{launches(wire, group)} surges, {len(happenings(wire, group.name, 'launched'))} launches")
    found += await _left_behind(scene, story)
    done = await scene.replacements()
    if [item.outcome for item in done] != [story.outcome]:
        return [*found, f"outcomes {[str(item.outcome) for item in done]} instead of {story.outcome}"]
    events = await scene.events(done[0])
    if [event.ordinal for event in events] != list(range(len(events))):
        found.append("the journal has a gap")
    return found + await traced(scene, scene.trace_id(done[0]), events)


async def traced(scene: Scene, trace_id: str, events: Any) -> list[str]:
    """What is wrong with the trace, once the receiver has had a moment to take it in."""
    problems: list[str] = []

    async def look() -> bool:
        problems[:] = trace_problems(scene.stage.tap, trace_id, events)
        return not problems

    with suppress(AssertionError):
        await eventually(look, within_seconds=3)
    return problems


async def _left_behind(scene: Scene, story: Story) -> list[str]:
    """Members, places, protections and registrations that should not be, or that are missing."""
    found: list[str] = []

    async def look() -> bool:
        found[:] = _unsettled((await scene.stage.remote.state())[scene.group.name], scene, story)
        return not found

    with suppress(AssertionError):
        await eventually(look, within_seconds=3)
    return found


def _unsettled(group: Mapping[str, Any], scene: Scene, story: Story) -> list[str]:
    size, aged, members = len(scene.group.instances), story.aged(scene), group["instances"]
    found = [] if group["desired"] == len(members) == size else [f"{group['desired']} desired, {len(members)} there"]
    if len(group["serving"]) != size:
        found.append(f"{len(group['serving'])} of {size} serve")
    if (aged in members) != story.undone:
        found.append(f"the predecessor {aged} is {'there' if aged in members else 'gone'}")
    for instance_id, member in members.items():
        by_person = story is RESTORED and instance_id == aged
        if member["protected"] != by_person:
            found.append(f"{instance_id} is {'' if member['protected'] else 'not '}protected")
        if set(member["targets"].values()) != {"healthy"}:
            found.append(f"{instance_id} is {member['targets']}")
    return found
