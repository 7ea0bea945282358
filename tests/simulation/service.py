"""Several daemons as one service on virtual time: the real ticker, loops, roster and journal, one world per fleet."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from controller.act.roster import Roster
from controller.act.site import Site
from controller.act.tenure import Tenure
from controller.app.daemon import Daemon
from controller.app.heartbeat import Heartbeat
from controller.domain.policy import Policy
from controller.domain.ports import Clock
from controller.loop import FleetLoop, Tick
from controller.observe import Observer
from tests.simulation.daemon import POLICY, RULES
from tests.simulation.world import ImageAge, World, WorldPlatform, WorldProbe

TTL_SECONDS = 30.0


class Schedule:
    """`domain.ports.Schedule` on the loop's time."""

    def __init__(self, clock: Clock, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def at(self, fleet: str, when: Any) -> None:
        self.forget(fleet)
        seconds = max(0.0, (when - self._clock.now()).total_seconds())
        self._handles[fleet] = asyncio.get_running_loop().call_later(seconds, self._fire, fleet)

    def forget(self, *fleets: str) -> None:
        for fleet in fleets or tuple(self._handles):
            if fleet in self._handles:
                self._handles.pop(fleet).cancel()


@dataclass
class Process:
    """One daemon of the service. Implements act.roster.Crew. looked: the ticks at which it acted, by fleet."""

    owner: str
    worlds: Mapping[str, World]
    journal: Any
    clock: Clock
    policy: Policy = POLICY
    looked: list[Tick] = field(default_factory=list)
    loops: dict[str, FleetLoop] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.daemon = Daemon(self.clock, Heartbeat(self.clock), 30.0, lambda *_: None, self._ticked)
        self.roster = Roster(self.owner, TTL_SECONDS, self.journal, self.clock, self)
        self.loops = {fleet: self._loop(fleet, world) for fleet, world in self.worlds.items()}
        self._schedule = Schedule(self.clock, self.daemon.wake)
        self._tasks: list[asyncio.Task[Any]] = []

    def watched(self) -> frozenset[str]:
        return frozenset(self.loops)

    def busy(self, fleet: str) -> bool:
        return self.loops[fleet].busy

    def wake(self, fleet: str) -> None:
        self.daemon.wake(fleet)

    async def start(self) -> "Process":
        await self.roster.look()
        self._tasks = [
            asyncio.create_task(self.daemon.run(self.loops, self._schedule, until_settled=False)),
            asyncio.create_task(self.roster.run()),
        ]
        return self

    async def stop(self) -> None:
        """As SIGTERM does it."""
        self.daemon.stop()
        self._tasks[1].cancel()
        await asyncio.wait(self._tasks)
        await self.roster.leave()
        await asyncio.gather(*(loop.stop(8.0) for loop in self.loops.values()))
        self._schedule.forget()

    async def die(self) -> None:
        """As SIGKILL does it: nothing is said, nothing is given up."""
        self._schedule.forget()
        doomed = [*self._tasks]
        for loop in self.loops.values():
            doomed += [task for task in (*loop._driving.values(), loop._keeping) if task is not None]
        for task in doomed:
            task.cancel()
        await asyncio.wait(doomed)

    def _ticked(self, tick: Tick) -> None:
        assert not tick.sentence.startswith("could not finish"), tick.sentence
        if not tick.standby:
            self.looked.append(tick)

    def _loop(self, fleet: str, world: World) -> FleetLoop:
        policy = replace(self.policy, fleet=fleet)
        probes: dict[str, Any] = {
            item.name: ImageAge() if item.probe == "image_age" else WorldProbe(world) for item in policy.conditions
        }
        platform = WorldPlatform(world)
        site = Site(policy, platform, Observer(policy, platform, probes, self.journal, self.clock))

        async def sites(policy_hash: str) -> Site | None:
            return site if policy_hash == policy.hash else None

        tenure = Tenure(fleet, self.owner, TTL_SECONDS, self.journal, self.clock, self.roster)
        wake = partial(self.daemon.wake, fleet)
        return FleetLoop(site, sites, RULES, self.journal, tenure, self.clock, wake)
