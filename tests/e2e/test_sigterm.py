"""SIGTERM in the middle: the process ends in time, its call is journaled, and the next daemon goes on at once."""

import asyncio
import signal
from time import monotonic

import pytest
from aiohttp import ClientSession

from controller.domain.lifecycle import Phase
from tests.e2e.harness.contract import judged
from tests.e2e.harness.daemon import IN_TIME_SECONDS, Daemon
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import REPLACED

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def answers(daemon: Daemon) -> dict[str, tuple[int, str]]:
    """What the three endpoints say."""
    found = {}
    async with ClientSession() as session:
        for path in ("healthz", "readyz", "metrics"):
            async with session.get(f"{await daemon.url()}/{path}") as response:
                found[path] = (response.status, await response.text())
    return found


async def goes_on_at_once(scene: GroupScene) -> None:
    """A new daemon never stands by: the lease was given up. It ends the one replacement."""
    async with scene.daemon() as second:
        assert await second.ended() == 0
        assert not any(line.get("standby") for line in second.lines())
    assert await judged(scene, REPLACED) == []


async def test_during_a_call_its_outcome_is_journaled_before_the_end(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    async with scene.daemon(until_settled=False) as first:
        async with scene.held(first, "SetDesiredCapacity", moment="after") as request:
            first.signal(signal.SIGTERM)
            told = await answers(first)
            assert [status for status, _ in told.values()] == [200, 200, 200]
            assert "repave_replacements_in_flight" in told["metrics"][1]
            assert first.process.returncode is None, "it waits for its call"
            await request.release()
            assert await first.ended(IN_TIME_SECONDS) == 0
        assert len(scene.mutations(first)) == 1
    (parked,) = await scene.replacements()
    assert [(call.name, call.outcome) for call in parked.calls] == [("autoscaling.SetDesiredCapacity", "ok")]
    await goes_on_at_once(scene)


async def test_during_a_wait_it_ends_at_once(world: Stage) -> None:
    scene = world.scene(REPLACED.name, fleet={"verify": {"bake": "4s"}})
    async with scene.daemon(until_settled=False) as first:
        await first.reaches(Phase.VERIFYING, scene.group.name)
        began = monotonic()
        assert await first.stopped() == 0
        assert monotonic() - began < 8
    (parked,) = await scene.replacements()
    assert parked.phase is Phase.VERIFYING
    await goes_on_at_once(scene)


@pytest.mark.full_matrix
async def test_a_call_that_never_returns_does_not_keep_the_process_alive(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    async with scene.daemon(until_settled=False) as first, scene.held(first, "SetDesiredCapacity", moment="after"):
        await first.stopped()
    async with scene.daemon() as second:
        assert await asyncio.wait_for(second.ended(), 60) == 0
    assert await judged(scene, REPLACED) == []
