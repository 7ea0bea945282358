from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.journal.adapter import JournalAdapter
from tests.journal.backends import BACKENDS, BETWEEN_PROCESSES, Backend
from tests.journal.dynamo import ground_at_last
from tests.journal.material import EventSpans


@pytest.fixture(scope="session", autouse=True)
def grounds() -> Iterator[None]:
    with ground_at_last():
        yield


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    store = BACKENDS[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture(params=BETWEEN_PROCESSES)
def shared_backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    store = BACKENDS[request.param](tmp_path)
    yield store
    store.close()


@pytest.fixture
def journal(backend: Backend) -> JournalAdapter:
    return backend.open(EventSpans())
