from collections.abc import Iterator

import pytest

from tests.journal.postgresql.places import OPENED
from tests.support.postgresql import RealPostgres


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def url(postgresql: RealPostgres) -> str:
    """The address of a new and empty schema."""
    return postgresql.new_schema()
