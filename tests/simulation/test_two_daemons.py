"""Two daemons on one journal: at every deployment they overlap, and must not both act."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.policy import Amount
from controller.domain.ports import Lease
from tests.simulation.daemon import POLICY, Died, Reaper, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

AGED = [f"i-{index:02d}" for index in range(1, 11)]
POLICY_OF_TWO = replace(POLICY, limits=replace(POLICY.limits, max_in_flight=Amount(count=2)))


def fleet(clock: VirtualClock) -> World:
    world = World(clock, size=12)
    world.age(*AGED)
    return world


async def side_by_side(world: World, books: tuple[Any, Any], clock: VirtualClock) -> None:
    """The second arrives while a launch of the first is under way."""
    daemons = [SimulatedDaemon(world, book, clock, POLICY_OF_TWO) for book in books]
    first = asyncio.ensure_future(daemons[0].run())
    await clock.sleep(world.latency_seconds / 2)
    second = asyncio.ensure_future(daemons[1].run())
    await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
    for task, daemon in zip((first, second), daemons, strict=True):
        task.cancel()
        await daemon.loop.stop(1.0)


def test_only_the_owner_acts_while_the_other_stands_by() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = fleet(clock), journal()
        await side_by_side(world, (book, book), clock)
        assert violations(world, world.wire, 2, len(AGED)) == []
        assert len(await book.replacements()) == len(AGED)

    run(main)


@pytest.mark.parametrize("kill_at", [3, 17, 30, 44, 71, 90])
def test_a_lease_taken_over_in_the_middle_goes_on_where_the_first_fell(kill_at: int) -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = fleet(clock), journal()
        first = SimulatedDaemon(world, book, clock, POLICY_OF_TWO, Reaper(kill_at))
        first.mortal_world()
        second = SimulatedDaemon(world, book, clock, POLICY_OF_TWO)
        with pytest.raises(Died):
            await first.run()
        world.before_effect = world.after_effect = None
        await second.run()
        assert second.ticks[0].standby
        assert violations(world, world.wire, 2, len(AGED)) == []
        done = await book.replacements()
        assert sorted(item.predecessor for item in done) == AGED
        assert {item.outcome for item in done} == {"replaced"}

    run(main)


@pytest.mark.parametrize("said", [False, True])
def test_a_daemon_that_slept_through_its_lease_changes_nothing_when_it_wakes(said: bool) -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = fleet(clock), journal()
        frozen = asyncio.Event()
        sleeper = SimulatedDaemon(world, SleepyJournal(book, frozen, said), clock, POLICY_OF_TWO)
        sleeping = asyncio.ensure_future(sleeper.run())
        await frozen.wait()
        second = SimulatedDaemon(world, book, clock, POLICY_OF_TWO)
        await second.run()
        by_second = list(world.wire)
        frozen.clear()
        await clock.sleep(120)
        sleeping.cancel()
        await sleeper.loop.stop(1.0)
        assert world.wire == by_second
        assert violations(world, world.wire, 2, len(AGED)) == []

    run(main)


def test_without_a_lease_the_laws_are_seen_to_break() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = fleet(clock), journal()
        await side_by_side(world, (Unfenced(book), Unfenced(book)), clock)
        assert violations(world, world.wire, 2, len(AGED)) != []

    run(main)


class SleepyJournal:
    """The process stops (SIGSTOP) in its third launch: right before or right after the intent is journaled."""

    def __init__(self, journal: Any, frozen: asyncio.Event, said: bool) -> None:
        self._journal, self._frozen, self._said, self._launches = journal, frozen, said, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, events: Any, lease: Lease) -> None:
        launching = any(event.facts.get("call") == "world.Launch" for event in events)
        self._launches += launching and events[0].kind == "called"
        if self._launches == 3 and not self._said:
            self._frozen.set()
        await self._thaw()
        await self._journal.append(events, lease)
        if self._launches == 3 and launching and self._said:
            self._frozen.set()
        await self._thaw()

    async def acquire(self, *arguments: Any) -> Lease | None:
        if await self._thaw():
            await asyncio.sleep(5)  # the replacement's own task wakes before the lease is looked at
        answer: Lease | None = await self._journal.acquire(*arguments)
        return answer

    async def _thaw(self) -> bool:
        slept = False
        while self._frozen.is_set():
            slept = True
            await asyncio.sleep(1)
        return slept


class Unfenced:
    """The planted bug: every daemon believes that the lease is its own, and the journal checks no token."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def acquire(self, fleet: str, owner: str, ttl_seconds: float, now: Any) -> Lease | None:
        taken: Lease | None = await self._journal.acquire(fleet, "anybody", ttl_seconds, now)
        return taken
