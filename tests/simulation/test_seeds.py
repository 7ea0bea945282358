"""Many small worlds with trouble in them. `make simulate SEEDS=400` runs more; a seed repeats exactly."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from random import Random

from controller.domain.errors import Throttled, Transient
from controller.domain.model import Hold
from controller.domain.policy import Amount
from controller.journal.adapter import JournalAdapter
from tests.simulation.daemon import POLICY, Died, Reaper, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

DEATHS = 3


def a_world(clock: VirtualClock, random: Random) -> World:
    world = World(clock, size=random.randint(4, 12), headroom=3, boot_seconds=random.uniform(5, 90))
    ids = sorted(world.members)
    world.age(*random.sample(ids, random.randint(0, len(ids) // 2)))
    world.members[random.choice(ids)].bad = random.random() < 0.5
    world.members[random.choice(ids)].protected = random.random() < 0.5
    world.members[random.choice(ids)].silent = frozenset({"errors"} if random.random() < 0.5 else ())
    return world


async def trouble(world: World, daemon: SimulatedDaemon, book: JournalAdapter, random: Random) -> None:
    """Errors of the platform, and a person who holds for a while."""
    while True:
        await world.clock.sleep(random.uniform(5, 120))
        daemon.platform.errors.append(random.choice([Throttled("slow down"), Transient("reset")]))
        if random.random() < 0.1:
            await book.hold(Hold("all", "looking", "ann", world.clock.now()))
            await world.clock.sleep(random.uniform(1, 300))
            await book.resume("all", "ann", world.clock.now())


async def live_through(clock: VirtualClock, seed: int) -> tuple[World, int]:
    random = Random(seed)
    world, book = a_world(clock, random), journal()
    in_flight = random.randint(1, 3)
    policy = replace(POLICY, limits=replace(POLICY.limits, max_in_flight=Amount(count=in_flight)))
    for _ in range(DEATHS):
        daemon = SimulatedDaemon(world, book, clock, policy, Reaper(random.randint(5, 60)))
        daemon.mortal_world()
        troubling = asyncio.ensure_future(trouble(world, daemon, book, random))
        with suppress(Died):
            await daemon.run()
        troubling.cancel()
        await daemon.loop.stop(1.0)
        await book.resume("all", "ann", clock.now())
    world.before_effect = world.after_effect = None
    await SimulatedDaemon(world, book, clock, policy).run()
    return world, in_flight


def test_whatever_happens_the_laws_hold_and_the_fleet_ends_fresh(simulation_seed: int) -> None:
    async def main(clock: VirtualClock) -> None:
        world, in_flight = await live_through(clock, simulation_seed)
        assert violations(world, world.wire, in_flight) == []
        left = [member for member in world.members.values() if member.image == world.old or member.bad]
        assert all(member.protected or member.silent for member in left)

    run(main)
