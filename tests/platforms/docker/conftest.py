"""A fleet on an engine that a test makes up."""

from collections.abc import AsyncIterator

import pytest

from controller.app.clients import SharedClients
from tests.clients.fake_aws import VirtualClock
from tests.support.small_engine import SmallEngine
from tests.support.virtual import START


@pytest.fixture
async def engine() -> AsyncIterator[SmallEngine]:
    async with SmallEngine() as fake:
        yield fake


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def clients(clock: VirtualClock) -> AsyncIterator[SharedClients]:
    shared = SharedClients(clock)
    yield shared
    await shared.aclose()
