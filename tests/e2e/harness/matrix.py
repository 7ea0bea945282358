"""Many kills, two at a time: two daemons are what two cores can carry."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic

from tests.e2e.harness.kills import Boundary, die_and_finish
from tests.e2e.harness.stage import Stage, stage
from tests.e2e.harness.stories import Story
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.timing import Timings

AT_ONCE = 2
GROUPS_PER_WORLD = 8


@dataclass(frozen=True)
class Case:
    """A story, and where a daemon dies in it."""

    story: Story
    boundary: Boundary

    def __str__(self) -> str:
        return f"{self.story.name}, killed {self.boundary}"


async def all_of(cases: Sequence[Case], tap: Tap, folder: Path, timings: Timings) -> list[str]:
    """Every case, in worlds of their own that are made as they are needed. The problems, one sentence each."""
    queue, numbers = list(reversed(cases)), count(1)

    async def work() -> list[str]:
        problems: list[str] = []
        while queue:
            story, place = queue[-1].story, folder / f"world-{next(numbers)}"
            place.mkdir()
            async with stage(place, tap, story.groups(GROUPS_PER_WORLD), story.timings) as world:
                problems += await _as_many_as_fit(world, queue, timings)
        return problems

    return await _two_at_a_time(work)


async def some_of(cases: Sequence[Case], world: Stage, timings: Timings) -> list[str]:
    """A few cases in a world that has groups enough for them. The problems, one sentence each."""
    queue = list(reversed(cases))
    problems = await _two_at_a_time(lambda: _as_many_as_fit(world, queue, timings))
    return [*problems, *(f"{case} did not fit" for case in queue)]


async def _two_at_a_time(work: Callable[[], Awaitable[list[str]]]) -> list[str]:
    found = await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return [problem for problems in found for problem in problems]


async def _as_many_as_fit(world: Stage, queue: list[Case], timings: Timings) -> list[str]:
    problems: list[str] = []
    while queue and world.has(queue[-1].story.name):
        case, began = queue.pop(), monotonic()
        problems += [f"{case}: {problem}" for problem in await die_and_finish(world, case.story, case.boundary)]
        timings.add(str(case), monotonic() - began)
    return problems
