"""A fleet on an engine that a test makes up, and one on an engine in memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.app.clients import SharedClients
from tests.clients.fake_aws import VirtualClock
from tests.platforms.docker.place import Place
from tests.support.fake_engine import FakeEngine
from tests.support.virtual import START


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    async with FakeEngine() as fake:
        yield fake


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def clients(clock: VirtualClock) -> AsyncIterator[SharedClients]:
    shared = SharedClients(clock)
    yield shared
    await shared.aclose()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """One loop for all tests of a module; each test brings its own engine."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory(prefix="engine") as folder:
        found = Place(runner, Path(folder))
        yield found
        found.close()
