"""An endpoint to speak to, and a client that speaks to it."""

from collections.abc import AsyncIterator

import pytest

from controller.clients.aws import Aws
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeAws]:
    async with FakeAws() as fake:
        fake.environment(monkeypatch)
        yield fake


@pytest.fixture
async def aws(endpoint: FakeAws, clock: VirtualClock) -> AsyncIterator[Aws]:
    client = client_of(clock)
    yield client
    await client.aclose()
