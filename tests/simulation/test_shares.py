"""Several daemons over several fleets: they share them evenly, move few, and nothing that is under way is disturbed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.simulation.laws import violations
from tests.simulation.service import TTL_SECONDS, Process
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

LOOK_SECONDS = 2.0
A_TICK_SECONDS = 30.0
SETTLED_SECONDS = 120.0


def worlds(clock: VirtualClock, count: int, aged: int = 0) -> dict[str, World]:
    made = {}
    for number in range(count):
        world = World(clock, name=f"group-{number}", first=100 * number + 1)
        world.age(*list(world.members)[:aged])
        made[f"fleet-{number}"] = world
    return made


class Service:
    """The daemons that share one journal."""

    def __init__(self, clock: VirtualClock, fleets: dict[str, World]) -> None:
        self.clock = clock
        self.fleets = fleets
        self.book = journal()
        self._count = 0

    async def start(self) -> Process:
        self._count += 1
        return await Process(f"host-{self._count}/d", self.fleets, self.book, self.clock).start()

    async def holders(self) -> dict[str, str]:
        now = self.clock.now()
        return {lease.fleet: lease.owner for lease in await self.book.leases() if lease.expires_at > now}

    async def loads(self) -> list[int]:
        return sorted(Counter((await self.holders()).values()).values())

    async def tokens(self) -> list[int]:
        return [lease.token for lease in await self.book.leases()]

    async def wrong(self, aged: int) -> list[str]:
        """What is wrong when all has ended."""
        found = [sentence for world in self.fleets.values() for sentence in violations(world, world.wire, 1, aged)]
        done = await self.book.replacements(1000)
        found += [f"{item.id} ended {item.outcome}" for item in done if item.outcome != "replaced"]
        return found + ([] if len(done) == aged * len(self.fleets) else [f"{len(done)} replacements"])


def first_look(process: Process, fleet: str, since: datetime) -> float:
    """Seconds until this process first acted on a fleet."""
    looked = [tick.record.at for tick in process.looked if tick.fleet == fleet and tick.record]
    return min(((at - since).total_seconds() for at in looked if at >= since), default=float("inf"))


async def stop(*processes: Process) -> None:
    for process in processes:
        await process.stop()


def test_two_that_start_together_share_evenly_and_nothing_moves_afterwards() -> None:
    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 5))
        one, two = await service.start(), await service.start()
        await clock.sleep(SETTLED_SECONDS)
        assert await service.loads() == [2, 3]
        before = await service.tokens()
        await clock.sleep(600)
        assert await service.tokens() == before, "a fleet changed hands for nothing"
        for fleet, owner in (await service.holders()).items():
            holder = one if owner == one.owner else two
            assert sum(tick.fleet == fleet for tick in holder.looked[-20:]) > 0
        await stop(one, two)

    run(main)


def test_who_comes_later_gets_its_share_between_two_replacements() -> None:
    """Every fleet is at work when it comes, and goes on to its next replacement without a pause."""

    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 4, aged=4))
        one = await service.start()
        await clock.sleep(45)
        two = await service.start()
        await clock.sleep(65)
        assert await service.loads() == [4]
        assert all(one.busy(fleet) for fleet in service.fleets)
        await clock.sleep(125)
        assert await service.loads() == [2, 2]
        assert sum(len(world.members) > world.size for world in service.fleets.values()) > 0, "all is still at work"
        await clock.sleep(900)
        assert sorted(await service.tokens()) == [1, 1, 2, 2], "two fleets moved, each once"
        assert await service.wrong(4) == []
        await stop(one, two)

    run(main)


@pytest.mark.parametrize(
    "after", [3.0, *(pytest.param(at, marks=pytest.mark.full_matrix) for at in (47.0, 110.0, 205.0))]
)
def test_when_one_dies_the_other_goes_on_within_the_life_of_a_lease(after: float) -> None:
    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 4, aged=2))
        one, two = await service.start(), await service.start()
        await clock.sleep(SETTLED_SECONDS + after)
        lost = [fleet for fleet, owner in (await service.holders()).items() if owner == one.owner]
        assert len(lost) == 2
        died_at = clock.now()
        await one.die()
        await clock.sleep(900)
        late = {fleet: first_look(two, fleet, died_at) for fleet in lost}
        assert max(late.values()) <= TTL_SECONDS + LOOK_SECONDS, late
        assert await service.loads() == [4]
        assert await service.wrong(2) == []
        await stop(two)

    run(main)


@pytest.mark.parametrize(
    "after", [71.0, *(pytest.param(at, marks=pytest.mark.full_matrix) for at in (3.0, 33.0, 112.0))]
)
def test_a_rolling_deployment_in_the_middle_of_every_replacement_is_not_noticed(after: float) -> None:
    """As ECS does it: a new one starts, then an old one is stopped, until all are new."""

    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 4, aged=2))
        old = [await service.start(), await service.start()]
        await clock.sleep(after)
        new: list[Process] = []
        for leaving in old:
            new.append(await service.start())
            await clock.sleep(10)
            left = [fleet for fleet, owner in (await service.holders()).items() if owner == leaving.owner]
            stopped_at = clock.now()
            await leaving.stop()
            await clock.sleep(10)
            gaps = [min(first_look(other, fleet, stopped_at) for other in (*old, *new)) for fleet in left]
            assert max(gaps, default=0) <= LOOK_SECONDS + 1, "the others go on at once"
        await clock.sleep(900)
        assert await service.loads() == [2, 2]
        assert set((await service.holders()).values()) == {process.owner for process in new}
        assert await service.wrong(2) == []
        await stop(*new)

    run(main)


def test_one_that_starts_and_dies_again_and_again_moves_nothing() -> None:
    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 4))
        steady = await service.start()
        await clock.sleep(SETTLED_SECONDS)
        before = await service.tokens()
        for _ in range(4):
            crashing = await service.start()
            await clock.sleep(45)
            await crashing.die()
            await clock.sleep(20)
        assert await service.tokens() == before
        await stop(steady)

    run(main)


def test_whoever_is_there_and_takes_nothing_holds_nobody_up() -> None:
    """The one that a fleet is meant for says that it is there, and is stuck."""

    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 6))

        async def pretend(seconds: float) -> None:
            for _ in range(int(seconds)):
                await service.book.announce("stuck/d", frozenset(service.fleets), 15, clock.now())
                await clock.sleep(1)

        await service.book.announce("stuck/d", frozenset(service.fleets), 15, clock.now())
        one = await service.start()
        await pretend(2 * LOOK_SECONDS)
        assert len(await service.holders()) == 3
        await pretend(TTL_SECONDS + 2 * LOOK_SECONDS)
        assert await service.loads() == [6]
        await stop(one)

    run(main)


def test_daemons_of_two_configurations_each_act_on_what_they_know() -> None:
    async def main(clock: VirtualClock) -> None:
        service = Service(clock, worlds(clock, 3))
        wide = await service.start()
        narrow = Process("narrow/d", {"fleet-1": service.fleets["fleet-1"]}, service.book, clock)
        await narrow.start()
        await clock.sleep(600)
        held: Sequence[Any] = sorted((await service.holders()).items())
        assert held == [("fleet-0", wide.owner), ("fleet-1", "narrow/d"), ("fleet-2", wide.owner)]
        await clock.sleep(600)
        assert sorted(await service.tokens()) == [1, 1, 2]
        await stop(wide, narrow)

    run(main)
