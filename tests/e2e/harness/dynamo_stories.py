"""The crash test of Auto Scaling groups with the journal in a table of DynamoDB."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.harness.contract import Contract, Story
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import GROUPS, REPLACED, UNDONE
from tests.e2e.harness.tap import Tap
from tests.support.dynamo_server import REGION, DynamoServer

SAMPLE = (
    (REPLACED, "before launch returned autoscaling.SetDesiredCapacity"),
    (REPLACED, "after the effect of TerminateInstanceInAutoScalingGroup"),
)


@asynccontextmanager
async def _place(folder: Path, tap: Tap, stories: Sequence[Story[GroupScene]], runs: int) -> AsyncIterator[Stage]:
    """A world of groups, and a server beside it, with a table for each scene."""
    async with GROUPS.place(folder, tap, stories, runs) as place:
        assert isinstance(place, Stage)
        with DynamoServer().running() as server, server.found():
            place.beside = {"AWS_ENDPOINT_URL_DYNAMODB": server.endpoint}
            place.state = lambda: f"dynamodb://{server.make_table()}?region={REGION}"
            yield place


GROUPS_ON_DYNAMODB = Contract(name="asg-dynamodb", stories=(REPLACED, UNDONE), sample=SAMPLE, place=_place, runs=8)
"""The daemon, its death and its successor are the same; only what it remembers lies elsewhere."""
