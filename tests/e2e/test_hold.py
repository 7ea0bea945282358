"""Stop means stop: from `repave hold` to `repave resume`, nothing is changed."""

import pytest

from controller.domain.lifecycle import Outcome, Phase
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED, judged

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_hold_in_the_middle_stops_every_mutation_until_the_resume(world: Stage) -> None:
    scene = world.scene(REPLACED.name, fleet={"verify": {"bake": "5s"}})
    async with scene.daemon() as daemon:
        await daemon.reaches(Phase.VERIFYING, scene.group.name)
        code, told = await scene.repave("hold", scene.group.name, "--for", "1h", "--reason", "lunch")
        assert (code, "is held until" in told) == (0, True)
        made = scene.mutations()
        assert await daemon.ended() == 3, "held with work in flight"
    async with scene.daemon(until_settled=False) as daemon:
        await daemon.ticks(3)
        assert scene.mutations() == made
        (waiting,) = await scene.replacements()
        assert (waiting.phase, waiting.paused_at is not None) == (Phase.VERIFYING, True)
        code, _ = await scene.repave("resume", scene.group.name)
        assert code == 0
        await daemon.reaches(Phase.CLOSED, scene.group.name)
        assert await daemon.stopped() == 0
    (done,) = await scene.replacements()
    assert (done.outcome, done.total_paused_seconds > 2) == (Outcome.REPLACED, True)
    assert len(scene.mutations()) == len(made) + 3
    assert await judged(scene, REPLACED) == []
