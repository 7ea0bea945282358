"""Bugs planted in the daemon: without its intents, and without its lease, the harness sees the laws break."""

from contextlib import AsyncExitStack

import pytest

from controller.domain.lifecycle import Phase
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import PLANTED, SLOWEST_SECONDS, Daemon
from tests.e2e.harness.laws import violations
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import ROOMY
from tests.e2e.harness.wire import happenings
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def launched(scene: GroupScene, count: int) -> None:
    """Wait until the group has launched so many."""

    async def look() -> bool:
        return len(happenings(scene.wire(), scene.group.name, "launched")) >= count

    await eventually(look, within_seconds=150)


async def closed(*daemons: Daemon) -> None:
    """Wait until one of them has ended a replacement; whose answer is long in coming stops waiting and acts on, too."""

    async def look() -> bool:
        return any(line.get("phase") == Phase.CLOSED for daemon in daemons for line in daemon.lines())

    await eventually(look, within_seconds=SLOWEST_SECONDS)


async def test_without_intents_a_death_after_a_launch_is_seen_to_launch_twice(world: Stage) -> None:
    scene = world.scene(ROOMY.name)
    async with (
        scene.daemon("no_intent", entry=PLANTED) as first,
        scene.held(first, "SetDesiredCapacity", moment="after"),
    ):
        await first.killed()
    async with scene.daemon("no_intent", entry=PLANTED) as second:
        await launched(scene, 2)
        await second.killed()
    assert any("2 in flight" in sentence for sentence in violations(scene.wire(), scene.group))
    assert any("2 launches" in sentence for sentence in await judged(scene, ROOMY))


async def test_without_a_lease_two_daemons_are_seen_to_act_both(world: Stage) -> None:
    """The call of the first is slow. The second takes it for lost and makes it again; then the first call arrives."""
    scene = world.scene(ROOMY.name)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(scene.daemon("no_lease", entry=PLANTED))
        request = await stack.enter_async_context(scene.held(first, "SetDesiredCapacity", moment="before"))
        second = await stack.enter_async_context(scene.daemon("no_lease", entry=PLANTED))
        await closed(first, second)
        await request.release()
        await launched(scene, 2)
    assert any("and we by +1" in sentence for sentence in violations(scene.wire(), scene.group))
