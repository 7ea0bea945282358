"""Many kills, two at a time: two daemons are what two cores can carry."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Generic

from tests.e2e.harness.contract import Contract, Place, SceneT, Story
from tests.e2e.harness.kills import Boundary, die_and_finish
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.timing import Timings

AT_ONCE = 2


@dataclass(frozen=True)
class Case(Generic[SceneT]):
    """A story, and where a daemon dies in it."""

    story: Story[SceneT]
    boundary: Boundary

    def __str__(self) -> str:
        return f"{self.story.name}, killed {self.boundary}"


async def all_of(
    contract: Contract[SceneT], cases: Sequence[Case[SceneT]], tap: Tap, folder: Path, timings: Timings
) -> list[str]:
    """Every case, in places of their own that are made as they are needed. The problems, one sentence each."""
    queue, numbers = list(reversed(cases)), count(1)

    async def work() -> list[str]:
        problems: list[str] = []
        while queue:
            story, own = queue[-1].story, folder / f"place-{next(numbers)}"
            own.mkdir()
            async with contract.place(own, tap, [story], contract.runs) as place:
                problems += await _as_many_as_fit(place, queue, timings)
        return problems

    return await _two_at_a_time(work)


async def some_of(cases: Sequence[Case[SceneT]], place: Place[SceneT], timings: Timings) -> list[str]:
    """A few cases in a place that has room enough for them. The problems, one sentence each."""
    queue = list(reversed(cases))
    problems = await _two_at_a_time(lambda: _as_many_as_fit(place, queue, timings))
    return [*problems, *(f"{case} did not fit" for case in queue)]


async def _two_at_a_time(work: Callable[[], Coroutine[Any, Any, list[str]]]) -> list[str]:
    async with asyncio.TaskGroup() as group:  # one that breaks ends the other too, whose servers would go away under it
        found = [group.create_task(work()) for _ in range(AT_ONCE)]
    return [problem for task in found for problem in task.result()]


async def _as_many_as_fit(place: Place[SceneT], queue: list[Case[SceneT]], timings: Timings) -> list[str]:
    problems: list[str] = []
    while queue and place.has(queue[-1].story):
        case, began = queue.pop(), monotonic()
        problems += [f"{case}: {problem}" for problem in await die_and_finish(place, case.story, case.boundary)]
        timings.add(str(case), monotonic() - began)
    return problems
