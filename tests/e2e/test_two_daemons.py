"""Two daemons on one journal: one acts, the other stands by and takes over; who overslept changes nothing."""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest

from controller.demo.scenarios import fleet
from controller.domain.lifecycle import Outcome, Phase
from tests.e2e.harness.contract import judged, traced
from tests.e2e.harness.daemon import MORTAL
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.stage import Stage, stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.harness.tap import Tap
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

AGED = 10
BIG = tuple(fleet(name, instances=AGED + 1, aged=AGED, zones=1, headroom=3) for name in ("left", "right"))


@pytest.mark.timeout(300)
async def test_twenty_replacements_in_two_groups_and_a_lease_taken_over_in_the_middle(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with stage(tmp_path_factory.mktemp("big"), tap, BIG) as place:
        scene = place.scene("left", "right", fleet={"limits": {"max_in_flight": 3}})
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(scene.daemon())
            for group in scene.groups:
                await first.reaches(Phase.ACCEPTED, group.name)
            second = await stack.enter_async_context(scene.daemon())
            async with scene.held(first, "Terminate*", moment="after", nth=9):
                await second.ticks(1, standby=True)
                await first.killed()
            assert await second.ended(180) == 0
            assert scene.mutations(second) != []
        groups = await place.remote.state()
    done = await scene.replacements()
    assert len({item.predecessor for item in done}) == len(done) == 2 * AGED
    assert {item.outcome for item in done} == {Outcome.REPLACED}
    for group in scene.groups:
        assert violations(scene.wire(), group, max_in_flight=3) == []
        assert launches(scene.wire(), group) == AGED
        assert len(groups[group.name]["serving"]) == groups[group.name]["desired"] == AGED + 1
        assert not any(member["protected"] for member in groups[group.name]["instances"].values())
    for item in done:
        assert await traced(scene, scene.trace_id(item), await scene.events(item)) == []


@pytest.mark.parametrize(
    "boundary",
    [
        pytest.param(4, id="launch unsaid", marks=pytest.mark.full_matrix),
        pytest.param(5, id="launch said"),
        pytest.param(24, id="drain unsaid", marks=pytest.mark.full_matrix),
        pytest.param(25, id="drain said"),
    ],
)
async def test_a_daemon_that_slept_through_its_lease_changes_nothing_when_it_wakes(world: Stage, boundary: int) -> None:
    """It is stopped right before, or right after, it journals that it is about to launch or to drain."""
    scene = world.scene(REPLACED.name)
    notes = scene.folder / "boundaries"
    options = (str(notes), str(boundary), "SIGSTOP")
    async with scene.daemon(*options, entry=MORTAL, until_settled=False) as sleeper:

        async def asleep() -> bool:
            return notes.exists() and len(notes.read_text(encoding="utf-8").splitlines()) > boundary

        await eventually(asleep, within_seconds=60)
        assert " called " in notes.read_text(encoding="utf-8").splitlines()[-1]
        before = scene.mutations(sleeper)
        async with scene.daemon(until_settled=False) as second:
            await second.ticks(1, settled=True)
            sleeper.signal(signal.SIGCONT)
            await sleeper.ticks(2, standby=True)
            assert scene.mutations(sleeper) == before
            assert set(await asyncio.gather(sleeper.stopped(), second.stopped())) == {0}
    assert await judged(scene, REPLACED) == []
