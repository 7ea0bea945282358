"""The crash test of Auto Scaling groups with the journal in a schema of a PostgreSQL server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from tests.e2e.harness.contract import Contract, Story
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import GROUPS, REPLACED, UNDONE
from tests.e2e.harness.tap import Tap
from tests.support.postgresql import running_postgresql

SAMPLE = (
    (REPLACED, "after accepted"),
    (REPLACED, "after the effect of TerminateInstanceInAutoScalingGroup"),
)


@asynccontextmanager
async def _place(folder: Path, tap: Tap, stories: Sequence[Story[GroupScene]], runs: int) -> AsyncIterator[Stage]:
    """The groups' own place, and a server with a new schema for each scene."""
    with ExitStack() as stack:
        server = await asyncio.to_thread(stack.enter_context, running_postgresql())
        async with GROUPS.place(folder, tap, stories, runs) as place:
            assert isinstance(place, Stage)
            place.state = server.new_schema
            yield place


GROUPS_ON_POSTGRESQL = Contract(name="asg-postgresql", stories=(REPLACED, UNDONE), sample=SAMPLE, place=_place, runs=8)
"""The daemon, its death and its successor are the same; only what it remembers lies elsewhere."""
