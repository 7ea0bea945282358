from collections.abc import Iterator

import pytest

from controller.journal.adapter import JournalAdapter
from tests.journal.backends import BACKENDS, BETWEEN_PROCESSES, Backend
from tests.journal.dynamo import ground_at_last
from tests.journal.material import EventSpans
from tests.support.postgresql import RealPostgres, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[RealPostgres]:
    """One server for all tests of a run."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def grounds() -> Iterator[None]:
    with ground_at_last():
        yield


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    store = BACKENDS[request.param](request)
    yield store
    store.close()


@pytest.fixture(params=BETWEEN_PROCESSES)
def shared_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    store = BACKENDS[request.param](request)
    yield store
    store.close()


@pytest.fixture
def journal(backend: Backend) -> JournalAdapter:
    return backend.open(EventSpans())
