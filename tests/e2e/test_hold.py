"""Stop means stop: from a hold to its end, nothing is changed."""

import pytest

from controller.app.configuration import load_config
from controller.app.desk import Desk
from controller.domain.lifecycle import Outcome, Phase
from tests.e2e.harness.contract import judged
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_hold_in_the_middle_stops_every_mutation_until_the_resume(world: Stage) -> None:
    """It comes while a call is under way: that call ends, and no other begins.

    It is said as `repave hold` says it, but in this process: a command takes longer to start, on a busy machine, than
    the daemon waits for the call's answer (clients.aws.Bounds), and then it rightly makes the call once more.
    """
    scene = world.scene(REPLACED.name)
    fleet = scene.group.name
    desk = Desk(load_config(str(scene.config)))
    async with scene.daemon() as daemon, scene.held(daemon, "SetInstanceProtection", moment="before") as request:
        assert (await desk.hold(fleet, "1h", "lunch", "ann"))["reason"] == "lunch"
        await request.release()
        assert await daemon.ended() == 3, "held with work in flight"
    made = scene.mutations()
    assert [item.action for item in made] == ["SetDesiredCapacity", "SetInstanceProtection"]
    async with scene.daemon(until_settled=False) as daemon:
        await daemon.ticks(3)
        assert scene.mutations() == made
        (waiting,) = await scene.replacements()
        assert waiting.phase in (Phase.AWAITING_READY, Phase.READY)
        assert waiting.paused_at is not None
        code, _ = await scene.repave("resume", fleet)
        assert code == 0
        await daemon.reaches(Phase.CLOSED, fleet)
        assert await daemon.stopped() == 0
    (done,) = await scene.replacements()
    assert (done.outcome, done.total_paused_seconds > 2) == (Outcome.REPLACED, True)
    assert len(scene.mutations()) == len(made) + 3
    assert await judged(scene, REPLACED) == []
