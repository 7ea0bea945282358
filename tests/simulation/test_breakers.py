"""Breakers from their opening to their proof, in a world where time passes."""

from controller.domain.lifecycle import Outcome
from controller.domain.model import Breaker, Image
from tests.simulation.daemon import SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_planted import rotting_image
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run


def test_a_new_image_is_tried_by_one_and_its_proof_closes_the_breaker() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = rotting_image(clock), journal()
        world.age("i-03")
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run()
        (breaker,) = await book.breakers("web")
        assert (breaker.cause, breaker.image_id) == ("max_image_age", "image-rotten")
        world.launch_image = Image("image-mended", clock.now())
        await daemon.run(until=lambda tick: tick.settled and not tick.breaker_open)
        assert violations(world, world.wire, replacements=3) == []
        assert [item.outcome for item in reversed(await book.replacements())] == [
            Outcome.FAILED,
            Outcome.REPLACED,
            Outcome.REPLACED,
        ]
        assert {"i-02", "i-03"}.isdisjoint(world.members)

    run(main)


def test_a_cause_that_is_gone_closes_its_breaker_by_itself() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run()
        lease = await book.holder("web")
        assert lease is not None
        await book.open_breaker(Breaker("web", "errors", "r-0: no better", clock.now(), "image-new"), lease)
        began = clock.now()
        await daemon.run(until=lambda tick: tick.breaker_open)
        tick = await daemon.run(until=lambda tick: not tick.breaker_open)
        assert (clock.now() - began).total_seconds() >= 1800
        assert tick.settled
        assert await book.breakers("web") == ()
        assert await book.replacements() == ()

    run(main)
