"""A client of target groups and the endpoint that it speaks to; a HAProxy and the servers behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.balancers.target_group import TargetGroups
from controller.clients.aws import AwsScope
from tests.balancers.haproxy_fleet import file_of
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.support.haproxy import Backend, RealHaproxy, running_backends, running_haproxy


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


@pytest.fixture
async def backends() -> AsyncIterator[tuple[Backend, ...]]:
    """Three containers, as far as HAProxy can tell."""
    async with running_backends(3) as three:
        yield three


@pytest.fixture
async def proxy(tmp_path: Path, backends: tuple[Backend, ...]) -> AsyncIterator[RealHaproxy]:
    """HAProxy, its file saying web-1 and web-2."""
    async with running_haproxy(tmp_path, *file_of(*backends[:2])) as proxy:
        yield proxy
