"""An endpoint to speak to, and a client that speaks to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.clients.aws import Aws
from controller.clients.docker import Engine
from controller.clients.docker_transport import EngineAddress
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.raw_engine import PATIENT, RawEngine


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


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[RawEngine]:
    async with RawEngine(tmp_path / "engine.sock") as fake:
        yield fake


@pytest.fixture
async def engine(fake: RawEngine, clock: VirtualClock) -> AsyncIterator[Engine]:
    engine = Engine(EngineAddress(fake.url), clock, PATIENT)
    yield engine
    await engine.aclose()
