"""A platform that tells of a change by itself: the look comes at once, and without a word it comes in its time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from controller.act.nudge import Nudge
from controller.act.site import Site
from controller.app.daemon import Daemon
from controller.app.heartbeat import Heartbeat
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.loop import Tick
from tests.app.test_daemon import Timers
from tests.simulation.daemon import POLICY, SimulatedDaemon
from tests.simulation.world import World, WorldPlatform
from tests.support.virtual import START, VirtualClock, run


class Looks:
    """A daemon over the real loop of a simulated world, and when it looked."""

    def __init__(self, clock: VirtualClock) -> None:
        self.world = World(clock)
        self.at: list[float] = []
        self.simulated = SimulatedDaemon(self.world, JournalAdapter(SqlJournal.open("sqlite:///:memory:", None)), clock)
        self.daemon = Daemon(clock, Heartbeat(clock), 30, lambda *_: None, self._looked)
        self.simulated.loop._nudge = Nudge(clock, lambda: self.daemon.wake("web"))
        self._clock = clock

    def _looked(self, tick: Tick) -> None:
        assert tick.looked, tick.sentence
        self.at.append(round((self._clock.now() - START).total_seconds(), 1))

    def tells(self) -> None:
        """The world tells whoever listens that something changed."""
        for ear in list(self.world.ears):
            ear()

    async def run(self, seconds: float, *words: float) -> None:
        """For so long; words: when the world tells of a change."""

        async def script() -> None:
            for at in words:
                await self._clock.sleep(at - (self._clock.now() - START).total_seconds())
                self.tells()
            await self._clock.sleep(seconds - (self._clock.now() - START).total_seconds())
            self.daemon.stop()

        async with asyncio.TaskGroup() as group:
            group.create_task(script())
            loops = {"web": self.simulated.loop}
            group.create_task(self.daemon.run(loops, Timers(self.daemon.wake), until_settled=False))
        await self.simulated.loop.stop(1.0)


def test_a_change_is_looked_at_at_once_and_the_next_look_comes_in_its_time() -> None:
    async def main(clock: VirtualClock) -> None:
        looks = Looks(clock)
        await looks.run(100, 7, 7.2, 7.4)
        assert looks.at == [0, 7, 8, 38, 68, 98]

    run(main)


def test_without_a_word_it_is_looked_as_often_as_ever() -> None:
    async def main(clock: VirtualClock) -> None:
        looks = Looks(clock)
        await looks.run(100)
        assert looks.at == [0, 30, 60, 90]

    run(main)


def test_only_the_platform_of_the_present_policy_is_listened_to_and_none_after_the_end() -> None:
    async def main(clock: VirtualClock) -> None:
        looks = Looks(clock)
        loop, first = looks.simulated.loop, looks.simulated.loop._site
        heard: list[Callable[[], None]] = looks.world.ears
        await loop.tick()
        await loop.tick()
        assert len(heard) == 1
        other = World(clock)
        platform = WorldPlatform(other)

        async def sites(policy_hash: str) -> Site | None:
            return None

        loop.adopt(Site(replace(POLICY, hash="p2"), platform, first.observer), sites)
        assert (len(heard), len(other.ears)) == (1, 0), "not before the next look"
        await loop.tick()
        assert (len(heard), len(other.ears)) == (0, 1)
        await loop.stop(1.0)
        assert other.ears == []

    run(main)
