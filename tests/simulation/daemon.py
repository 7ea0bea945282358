"""A daemon on virtual time: the real loop, runner and journal, with a World at the ports, and a way to die anywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar

from controller.act.site import Site
from controller.act.tenure import Tenure
from controller.decide import rules as rules_package
from controller.decide.rule import RuleSpec
from controller.domain.policy import Above, Cause, Condition, Deadlines, Limits, Mode, Policy, Verify
from controller.domain.ports import Probe
from controller.loop import FleetLoop, Tick
from controller.observe import Observer
from tests.simulation.world import ImageAge, World, WorldPlatform, WorldProbe
from tests.support.virtual import VirtualClock

T = TypeVar("T")

RULES: Sequence[RuleSpec] = tuple(
    import_module(f"{rules_package.__name__}.{module.name}").RULE for module in iter_modules(rules_package.__path__)
)

POLICY = Policy(
    fleet="web",
    platform="world",
    mode=Mode.ACT,
    conditions=(
        Condition("errors", Cause.DEGRADED, "errors", Above(0.5), for_seconds=60),
        Condition("max_image_age", Cause.AGED, "image_age", Above(30 * 86400.0), unit="s"),
    ),
    limits=Limits(replacements_per_hour=100),
    verify=Verify(ready_within_seconds=300, bake_seconds=60, deadline_seconds=300),
    deadlines=Deadlines(launch_seconds=120, drain_seconds=120, terminate_seconds=120, undo_seconds=300),
    warm_up_seconds=120,
    hash="p1",
)
POLICY = replace(POLICY, global_limits=replace(POLICY.global_limits, replacements_per_hour=100))


class Died(BaseException):
    """kill -9: nothing of this process runs any further."""


@dataclass
class Reaper:
    """Counts the boundaries of one process and kills it at one of them. names: every boundary that was passed."""

    kill_at: int | None = None
    names: list[str] = field(default_factory=list)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def boundary(self, name: str) -> None:
        self.living()
        if len(self.names) == self.kill_at:
            self.names.append(name)
            self.dead.set()
        else:
            self.names.append(name)
        self.living()

    def living(self) -> None:
        if self.dead.is_set():
            raise Died


class MortalJournal:
    """A journal whose process may die before or after each write that moves a replacement."""

    def __init__(self, journal: Any, reaper: Reaper) -> None:
        self._journal = journal
        self._reaper = reaper

    def __getattr__(self, name: str) -> Any:
        self._reaper.living()
        return getattr(self._journal, name)

    async def append(self, events: Sequence[Any], lease: Any) -> None:
        what = "+".join(f"{event.step or ''} {event.kind}".strip() for event in events)
        await self._reaper.boundary(f"before {what}")
        await self._journal.append(events, lease)
        await self._reaper.boundary(f"after {what}")

    async def accept(self, event: Any, lease: Any, budget: Any) -> Any:
        await self._reaper.boundary("before accepted")
        answer = await self._journal.accept(event, lease, budget)
        await self._reaper.boundary("after accepted")
        return answer


class SimulatedDaemon:
    """One process: ticks when its plan says, or when woken."""

    def __init__(
        self,
        world: World,
        journal: Any,
        clock: VirtualClock,
        policy: Policy = POLICY,
        reaper: Reaper | None = None,
        rules: Sequence[RuleSpec] = RULES,
    ) -> None:
        self.reaper = reaper or Reaper()
        self.platform = WorldPlatform(world)
        self.ticks: list[Tick] = []
        self._clock = clock
        self._world = world
        self._woken = asyncio.Event()
        mortal = MortalJournal(journal, self.reaper)
        probes: dict[str, Probe] = {
            item.name: ImageAge() if item.probe == "image_age" else WorldProbe(world) for item in policy.conditions
        }
        observer = Observer(policy, self.platform, probes, mortal, clock)
        site = Site(policy, self.platform, observer)

        async def sites(policy_hash: str) -> Site | None:
            return site if policy_hash == policy.hash else None

        tenure = Tenure(policy.fleet, clock.new_id("daemon"), 30.0, mortal, clock)
        self.loop = FleetLoop(site, sites, rules, mortal, tenure, clock, self._woken.set)

    async def run(self, until: Callable[[Tick], bool] = lambda tick: tick.settled, limit: int = 2000) -> Tick:
        """Tick until the condition holds; raises Died when the reaper killed the process on the way."""
        async with asyncio.timeout(7 * 86400):
            for _ in range(limit):
                tick = await self._or_death(self.loop.tick())
                self.ticks.append(tick)
                if until(tick):
                    return tick
                pause = (tick.next_look_at - self._clock.now()).total_seconds()
                await self._or_death(self._pause(pause))
        raise AssertionError(f"not there after {limit} ticks: {self.ticks[-1].sentence}")

    async def _pause(self, seconds: float) -> None:
        self._woken.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _or_death(self, work: Awaitable[T]) -> T:
        task, death = asyncio.ensure_future(work), asyncio.ensure_future(self.reaper.dead.wait())
        await asyncio.wait([task, death], return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if self.reaper.dead.is_set():
            task.cancel()
            await asyncio.wait([task])
            task.cancelled() or task.exception()
            await self.loop.stop(1.0)
            raise Died
        return task.result()

    def mortal_world(self) -> None:
        """Let this process also die right before or right after each effect on the world."""
        self._world.before_effect = lambda call: self.reaper.boundary(f"before effect {call}")
        self._world.after_effect = lambda call: self.reaper.boundary(f"after effect {call}")
