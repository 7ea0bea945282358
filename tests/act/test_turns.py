"""Steps of one group take turns where their platform needs it, and go side by side where it does not."""

import asyncio
from datetime import datetime

import pytest

from controller.domain.lifecycle import Kind, Outcome
from controller.domain.ports import Progress, Waiting, Work
from tests.act.stage import Directed, Stage
from tests.support.virtual import VirtualClock, run


@pytest.mark.parametrize(("takes_turns", "waits"), [(True, True), (False, False)])
def test_a_second_step_in_the_group_waits_only_where_turns_are_needed(takes_turns: bool, waits: bool) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.takes_turns = takes_turns
        saga = stage.saga(await stage.accept())
        runner, site = stage.runner, stage.runner._site
        async with runner._turn(saga, site):
            try:
                async with asyncio.timeout(1), runner._turn(saga, site):
                    waited = False
            except TimeoutError:
                waited = True
        assert waited == waits

    run(main)


def test_the_way_back_looks_again_as_soon_as_the_platform_says() -> None:
    class Slow(Directed):
        async def undo(self, work: Work) -> Progress:
            told.append((work.now - begun[0]).total_seconds() if begun else 0.0)
            begun.append(work.now)
            return Waiting("a moment", 0.25) if len(begun) < 4 else await super().undo(work)

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform = Slow(stage.world)
        stage.platform.never = {"await_ready"}
        state = await stage.drive(await stage.accept())
        assert state.outcome is Outcome.FAILED
        assert told == [0.0, 0.25, 0.5, 0.75]
        assert (await stage.the(state, Kind.CLOSED)).facts["outcome"] == "failed"

    begun: list[datetime] = []
    told: list[float] = []
    run(main)
