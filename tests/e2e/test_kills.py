"""kill -9 of a real daemon before and after every journaled boundary and every mutating call.

The boundaries are listed from a clean run. Each is then died at, and a daemon started anew finishes the work: one
successor, nothing doubled or orphaned, one connected trace. Meanwhile every few answers of the receiver are lost, so
that spans are sent again; they have to be the same bytes.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness.kills import boundaries
from tests.e2e.harness.matrix import Case, all_of, some_of
from tests.e2e.harness.stage import Stage, stage
from tests.e2e.harness.stories import REPLACED, STORIES, UNDONE, Story
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.timing import Timings

pytestmark = pytest.mark.asyncio(loop_scope="package")

SAMPLE = (
    (REPLACED, "after accepted"),
    (REPLACED, "before launch returned autoscaling.SetDesiredCapacity"),
    (REPLACED, "after drain called elbv2.DeregisterTargets"),
    (REPLACED, "before the effect of SetDesiredCapacity"),
    (REPLACED, "after the effect of SetDesiredCapacity"),
    (REPLACED, "after the effect of TerminateInstanceInAutoScalingGroup"),
    (UNDONE, "after await_ready failed"),
    (UNDONE, "after the effect of TerminateInstanceInAutoScalingGroup"),
)


@pytest.fixture
def losing(tap: Tap) -> Iterator[Tap]:
    """The receiver, whose answers now do not always arrive."""
    tap.lose_every = 5
    yield tap
    tap.lose_every = 0


@pytest.mark.timeout(300)
async def test_a_death_at_some_boundaries_loses_nothing_and_doubles_nothing(
    world: Stage, losing: Tap, timings: Timings
) -> None:
    cases, stories = [], (REPLACED, UNDONE)
    runs = await asyncio.gather(*(boundaries(world, story) for story in stories))
    for story, (found, problems) in zip(stories, runs, strict=True):
        assert problems == []
        named = {str(boundary): boundary for boundary in found}
        cases += [Case(story, named[name]) for whose, name in SAMPLE if whose is story]
    assert len(cases) == len(SAMPLE)
    report(await some_of(cases, world, timings))
    assert was_resent(losing)


@pytest.mark.full_matrix
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_a_death_anywhere_loses_nothing_and_doubles_nothing(
    story: Story, losing: Tap, tmp_path: Path, timings: Timings
) -> None:
    (tmp_path / "clean").mkdir()
    async with stage(tmp_path / "clean", losing, story.groups(1), story.timings) as place:
        found, problems = await boundaries(place, story)
    assert problems == []
    writes = sum(boundary.moment is None for boundary in found)
    timings.notes.append(f"{story.name}: {writes} boundaries of writes, {len(found) - writes} of calls")
    report(await all_of([Case(story, boundary) for boundary in found], losing, tmp_path, timings))
    assert was_resent(losing)


def was_resent(tap: Tap) -> bool:
    """Whether any span went over the wire twice; that the bytes were the same is a part of judging each trace."""
    return any(tap.resent(trace_id) for trace_id in list(tap.spans))


def report(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)
