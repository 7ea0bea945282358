"""Nobody drove a replacement for a long time: what was only intended is not begun any more."""

from controller.domain.lifecycle import Kind, Outcome, Step
from tests.act.stage import Stage
from tests.support.virtual import VirtualClock, run


def test_a_launch_whose_time_passed_before_its_first_call_is_not_begun() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        saga = stage.saga(await stage.accept())
        await saga.record((Kind.STARTED, Step.LAUNCH, {}))
        await clock.sleep(3600)
        await stage.lease()
        done = await stage.drive(saga.state)
        assert stage.calls == []
        assert (done.outcome, done.failure and done.failure["error_type"]) == (Outcome.FAILED, "deadline")

    run(main)
