"""How a loop stops: what is under way is finished, what is open is parked, and the lease is given up."""

from datetime import timedelta

from tests.simulation.daemon import SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run
from tests.test_loop import Away, aged, new_journal


def test_stopping_parks_what_is_driven_and_gives_the_lease_up() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = aged(clock), new_journal()
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run(until=lambda tick: len(world.wire) == 1)
        before = clock.now()
        await daemon.loop.stop(10.0)
        assert clock.now() == before
        assert await book.acquire("web", "another", 1.0, clock.now())
        await clock.sleep(600)
        assert len(world.wire) == 1
        second = SimulatedDaemon(world, book, clock)
        await second.run()
        assert [item.call for item in world.wire] == ["launch", "drain", "terminate"] * 2
        await second.loop.stop(1.0)

    run(main)


def test_stopping_finishes_a_mutation_under_way_and_journals_it() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock, latency_seconds=4.0), new_journal()
        world.age("i-02")
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.loop.tick()
        await clock.sleep(1)
        await daemon.loop.stop(10.0)
        assert [item.call for item in world.wire] == ["launch"]
        (opened,) = await book.open_replacements()
        assert [call.outcome for call in opened.calls] == ["ok"]
        assert await book.acquire("web", "another", 1.0, clock.now())

    run(main)


def test_a_mutation_that_takes_too_long_keeps_the_lease_until_it_runs_out() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock, latency_seconds=60.0), new_journal()
        world.age("i-02")
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.loop.tick()
        await clock.sleep(1)
        before = clock.now()
        await daemon.loop.stop(5.0)
        assert clock.now() - before == timedelta(seconds=5)
        assert await book.acquire("web", "another", 1.0, clock.now()) is None
        await clock.sleep(31)
        assert await book.acquire("web", "another", 1.0, clock.now())
        await clock.sleep(60)

    run(main)


def test_stopping_before_anything_began_is_quiet() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = Away(new_journal())
        await SimulatedDaemon(World(clock), journal, clock).loop.stop(1.0)
        daemon = SimulatedDaemon(World(clock), journal, clock)
        await daemon.loop.tick()
        journal.away = frozenset({"*"})
        await daemon.loop.stop(1.0)

    run(main)
