"""A real Prometheus for a whole module, and clients that speak to sources."""

from collections.abc import AsyncIterator, Iterator

import pytest

from controller.app.clients import SharedClients
from controller.clients.aws import Aws
from tests.clients.fake_aws import FakeAws, VirtualClock, client_of
from tests.clients.fake_http import FakeHttp
from tests.probes.fleet import NOW
from tests.support.prometheus import RealPrometheus, running_prometheus


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPrometheus]:
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as server:
        yield server


@pytest.fixture
async def clients() -> AsyncIterator[SharedClients]:
    shared = SharedClients(VirtualClock(NOW))
    yield shared
    await shared.aclose()


@pytest.fixture
async def source() -> AsyncIterator[FakeHttp]:
    async with FakeHttp() as fake:
        yield fake


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeAws]:
    async with FakeAws() as fake:
        fake.environment(monkeypatch)
        yield fake


@pytest.fixture
async def aws(endpoint: FakeAws) -> AsyncIterator[Aws]:
    client = client_of(VirtualClock())
    yield client
    await client.aclose()
