"""A client of target groups, and the endpoint that it speaks to."""

from collections.abc import AsyncIterator

import pytest

from controller.balancers.target_group import TargetGroups
from controller.clients.aws import AwsScope
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeAws]:
    async with FakeAws() as fake:
        fake.environment(monkeypatch)
        yield fake


@pytest.fixture
async def groups(endpoint: FakeAws) -> AsyncIterator[TargetGroups]:
    aws = client_of(VirtualClock())
    yield TargetGroups(aws, AwsScope(region="eu-west-1"))
    await aws.aclose()
