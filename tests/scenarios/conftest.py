"""The nursery of worlds, one per run, and the flag that rewrites the goldens."""

from collections.abc import Iterator

import pytest

from tests.scenarios.harness.worlds import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    worlds = Nursery()
    yield worlds
    worlds.close()
