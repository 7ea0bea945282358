"""kill -9 of a real daemon before and after every journaled boundary and every mutating call, on every platform.

The boundaries are listed from a clean run. Each is then died at, and a daemon started anew finishes the work: one
successor, nothing doubled or orphaned, one connected trace. Meanwhile every few answers of the receiver are lost, so
that spans are sent again; they have to be the same bytes.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness.contract import Contract, Story
from tests.e2e.harness.docker_stories import ENGINES
from tests.e2e.harness.dynamo_stories import GROUPS_ON_DYNAMODB
from tests.e2e.harness.kills import boundaries
from tests.e2e.harness.matrix import Case, all_of, some_of
from tests.e2e.harness.postgresql_stories import GROUPS_ON_POSTGRESQL
from tests.e2e.harness.stories import GROUPS
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.timing import Timings

pytestmark = pytest.mark.asyncio(loop_scope="package")

PLATFORMS: tuple[Contract[Any], ...] = (GROUPS, GROUPS_ON_DYNAMODB, GROUPS_ON_POSTGRESQL, ENGINES)
STORIES = [(contract, story) for contract in PLATFORMS for story in contract.stories]


@pytest.fixture
def losing(tap: Tap) -> Iterator[Tap]:
    """The receiver, whose answers now do not always arrive."""
    tap.lose_every = 5
    yield tap
    tap.lose_every = 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("contract", PLATFORMS, ids=str)
async def test_a_death_at_some_boundaries_loses_nothing_and_doubles_nothing(
    contract: Contract[Any], losing: Tap, tmp_path: Path, timings: Timings
) -> None:
    told = {story.name: story for story, _ in contract.sample}
    stories = list(told.values())
    async with contract.place(tmp_path, losing, stories, 1 + len(contract.sample)) as place:
        runs = await asyncio.gather(*(boundaries(place, story) for story in stories))
        cases = []
        for story, (found, problems) in zip(stories, runs, strict=True):
            assert problems == []
            named = {str(boundary): boundary for boundary in found}
            cases += [Case(story, named[name]) for whose, name in contract.sample if whose is story]
        assert len(cases) == len(contract.sample)
        report(await some_of(cases, place, timings))
    assert was_resent(losing)


@pytest.mark.full_matrix
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("contract", "story"), STORIES, ids=lambda either: getattr(either, "name", None))
async def test_a_death_anywhere_loses_nothing_and_doubles_nothing(
    contract: Contract[Any], story: Story[Any], losing: Tap, tmp_path: Path, timings: Timings
) -> None:
    (tmp_path / "clean").mkdir()
    async with contract.place(tmp_path / "clean", losing, [story], 1) as place:
        found, problems = await boundaries(place, story)
    assert problems == []
    writes = sum(boundary.moment is None for boundary in found)
    timings.notes.append(f"{contract} {story.name}: {writes} boundaries of writes, {len(found) - writes} of calls")
    report(await all_of(contract, [Case(story, boundary) for boundary in found], losing, tmp_path, timings))
    assert was_resent(losing)


def was_resent(tap: Tap) -> bool:
    """Whether any span went over the wire twice; that the bytes were the same is a part of judging each trace."""
    return any(tap.resent(trace_id) for trace_id in list(tap.spans))


def report(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)
