"""One replacement in a world of its own on virtual time: the real saga, runner, tenure and journal."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from controller.act.runner import Runner
from controller.act.saga import Saga
from controller.act.site import Site
from controller.act.tenure import Tenure
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.policy import Policy
from controller.domain.ports import Budget, Lease, Progress, Waiting, Work
from controller.domain.replacement import Event, Replacement
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.observe import Observer
from tests.simulation.daemon import POLICY
from tests.simulation.world import ImageAge, World, WorldPlatform, WorldProbe
from tests.support.builders import accepted
from tests.support.virtual import VirtualClock

ROOMY = Budget(10, 1000, 1000, 1000)
Advance = Callable[[Work], Awaitable[Progress]]
STEPS = ("launch", "await_ready", "drain", "terminate", "undo")


class Directed(WorldPlatform):
    """A WorldPlatform whose steps can be told to fail or to wait. failing: step -> errors to raise first, in order, the
    last one for ever when `for_ever` names the step. never: steps that wait for ever, without a call of their own.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.failing: dict[str, list[Exception]] = {}
        self.for_ever: set[str] = set()
        self.never: set[str] = set()
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return self._directed(name, found) if name in STEPS else found

    def _directed(
        self, name: str, step: Callable[[Work], Awaitable[Progress]]
    ) -> Callable[[Work], Awaitable[Progress]]:
        async def directed(work: Work) -> Progress:
            self.asked.append(name)
            errors = self.failing.get(name, [])
            if errors:
                raise errors[0] if name in self.for_ever else errors.pop(0)
            return Waiting(f"{name} takes for ever") if name in self.never else await step(work)

        return directed


class Stage:
    """World, journal and runner; i-02 is the predecessor. journal: what the runner sees of the book."""

    def __init__(self, clock: VirtualClock, policy: Policy = POLICY, **world: Any) -> None:
        self.clock = clock
        self.world = World(clock, **world)
        self.book = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
        self.platform = Directed(self.world)
        self.policy = policy
        self.journal: Any = self.book
        self._owners = iter(range(100))

    async def accept(self, cause: str = "max_image_age", predecessor: str = "i-02") -> Replacement:
        """Accepted for its image's age, or for errors; the predecessor is made to show it."""
        member = self.world.members[predecessor]
        if cause == "errors":
            member.bad = True
        else:
            self.world.age(predecessor)
        self.tenure = Tenure("web", f"d-{next(self._owners)}", 30.0, self.journal, self.clock)
        self.runner = self.new_runner()
        event = accepted(
            f"r-{predecessor}",
            self.clock.now(),
            predecessor=predecessor,
            zone=member.zone,
            causes=[cause],
            serving=self.world.serving(),
        )
        answer = await self.book.accept(event, await self.lease(), ROOMY)
        assert isinstance(answer, Replacement), answer
        return answer

    def new_runner(self) -> Runner:
        probes = {
            item.name: ImageAge() if item.probe == "image_age" else WorldProbe(self.world)
            for item in self.policy.conditions
        }
        observer = Observer(self.policy, self.platform, probes, self.book, self.clock)
        site = Site(self.policy, self.platform, observer)

        async def sites(policy_hash: str) -> Site | None:
            return site if policy_hash == self.policy.hash else None

        return Runner(site, sites, self.journal, self.tenure, self.clock)

    async def lease(self) -> Lease:
        lease = await self.tenure.take()
        assert lease is not None
        return lease

    def saga(self, replacement: Replacement) -> Saga:
        return Saga(replacement, self.journal, self.tenure, self.clock)

    def begin(self, replacement: Replacement) -> "asyncio.Task[Replacement]":
        return asyncio.ensure_future(self.drive(replacement))

    async def drive(self, replacement: Replacement) -> Replacement:
        """To its end, keeping the lease meanwhile."""
        keeping = asyncio.ensure_future(self.tenure.keep())
        try:
            return await self.runner.drive(replacement)
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(86400):
            while not true():
                await self.clock.sleep(0.25)

    @property
    def calls(self) -> list[str]:
        """What reached the world."""
        return [item.call for item in self.world.wire]

    async def events(self, replacement: Replacement) -> list[Event]:
        return list(await self.book.events(replacement.id))

    async def told(self, replacement: Replacement) -> list[str]:
        """Its events in short: `launch started`, `paused` ..."""
        return [f"{item.step or ''} {item.kind}".strip() for item in await self.events(replacement)]

    async def the(self, replacement: Replacement, kind: Kind) -> Event:
        """Its one event of this kind."""
        (found,) = [item for item in await self.events(replacement) if item.kind is kind]
        return found

    def is_whole(self) -> bool:
        """Everybody serves, and as many are desired as at first."""
        return (self.world.serving(), self.world.desired, len(self.world.members)) == (6, 6, 6)


def after(stage: Stage, call: str, change: Callable[[], object]) -> None:
    """Do this once, right after the first such call took effect."""

    async def once(made: str) -> None:
        if made == call and stage.calls.count(call) == 1:
            change()

    stage.world.after_effect = once


def ended(state: Replacement) -> tuple[Outcome | None, str | None, str | None]:
    """Outcome, error type of its failure, and verification."""
    return state.outcome, (state.failure or {}).get("error_type"), state.verification
