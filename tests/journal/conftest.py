from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.journal.adapter import JournalAdapter
from tests.journal.backends import BACKENDS, BETWEEN_PROCESSES, Backend
from tests.journal.material import EventSpans


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
