"""Launched by LaunchInstances in a group of even zones: one launch, also when the daemon dies beside it.

A sample; every boundary of this story is in the full matrix of `test_kills`.
"""

import pytest

from tests.e2e.harness.kills import boundaries
from tests.e2e.harness.matrix import Case, some_of
from tests.e2e.harness.stage import stage
from tests.e2e.harness.stories import SYNCHRONOUS
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.timing import Timings

pytestmark = pytest.mark.asyncio(loop_scope="package")

SAMPLE = (
    "before launch returned autoscaling.LaunchInstances",
    "after the effect of LaunchInstances",
    "before launch succeeded",
)


@pytest.mark.timeout(300)
async def test_a_death_beside_the_launch_launches_nobody_twice(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory, timings: Timings
) -> None:
    folder, groups = tmp_path_factory.mktemp("synchronous"), SYNCHRONOUS.groups(1 + len(SAMPLE))
    async with stage(folder, tap, groups, SYNCHRONOUS.timings) as place:
        found, problems = await boundaries(place, SYNCHRONOUS)
        assert problems == []
        named = {str(boundary): boundary for boundary in found}
        cases = [Case(SYNCHRONOUS, named[name]) for name in SAMPLE]
        problems = await some_of(cases, place, timings)
    assert not problems, "\n".join(problems)
