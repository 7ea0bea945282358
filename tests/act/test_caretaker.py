"""Between replacements the platform puts right what has to be: in mode act, under the lease, never under a hold."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from controller.act.caretaker import Caretaker
from controller.act.site import Site
from controller.domain.errors import LeaseLost, Transient
from controller.domain.model import Hold
from controller.domain.policy import Mode
from controller.domain.ports import Upkeep
from controller.observe import Observer
from tests.act.stage import Stage
from tests.simulation.daemon import POLICY, SimulatedDaemon
from tests.simulation.world import WorldPlatform
from tests.support.virtual import VirtualClock, run


class Tended(WorldPlatform):
    """A platform with one thing to put right at each tick. done: how often it was."""

    done = 0
    error: Exception | None = None

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        if self.error is not None:
            raise self.error

        async def perform() -> None:
            self.done += 1

        await work.mutate("world.PutRight", {}, perform)
        return (f"put right beside {len(work.open)} open",)


def tending(test: Callable[[Stage, Tended, Caretaker, Site], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        await stage.accept()
        platform = Tended(stage.world)
        policy = replace(POLICY, mode=Mode.ACT)
        site = Site(policy, platform, Observer(policy, platform, {}, stage.book, clock))
        await test(stage, platform, Caretaker("web", stage.journal, stage.tenure, clock), site)

    run(main)


def test_what_was_done_is_told() -> None:
    async def test(stage: Stage, platform: Tended, caretaker: Caretaker, site: Site) -> None:
        assert await caretaker.tend(site) == ("put right beside 1 open",)
        assert platform.done == 1

    tending(test)


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.ASK])
def test_nothing_is_done_in_another_mode(mode: Mode) -> None:
    async def test(stage: Stage, platform: Tended, caretaker: Caretaker, site: Site) -> None:
        assert await caretaker.tend(replace(site, policy=replace(site.policy, mode=mode))) == ()
        assert platform.done == 0

    tending(test)


@pytest.mark.parametrize(("scope", "done"), [("all", 0), ("fleet:web", 0), ("fleet:api", 1)])
def test_a_hold_on_the_fleet_stops_it(scope: str, done: int) -> None:
    async def test(stage: Stage, platform: Tended, caretaker: Caretaker, site: Site) -> None:
        await stage.book.hold(Hold(scope, "hands off", "ada", stage.clock.now()))
        await caretaker.tend(site)
        assert platform.done == done

    tending(test)


def test_without_the_lease_nothing_is_done() -> None:
    async def test(stage: Stage, platform: Tended, caretaker: Caretaker, site: Site) -> None:
        await stage.clock.sleep(25)
        with pytest.raises(LeaseLost):
            await caretaker.tend(site)
        assert platform.done == 0

    tending(test)


def test_a_platform_that_does_not_answer_is_told_and_ends_no_tick() -> None:
    async def test(stage: Stage, platform: Tended, caretaker: Caretaker, site: Site) -> None:
        platform.error = Transient("the balancer is away", call="x", code="timeout")
        assert await caretaker.tend(site) == ("upkeep has to wait: the balancer is away",)

    tending(test)


def test_a_tick_says_what_was_put_right() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        daemon = SimulatedDaemon(stage.world, stage.book, clock)
        daemon.platform.upkeep = Tended(stage.world).upkeep  # type: ignore[method-assign]
        tick = await daemon.loop.tick()
        assert tick.sentence.endswith("; put right beside 0 open")
        await daemon.loop.stop(1.0)

    run(main)
