"""One engine and one image for all tests of a run."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.docker_engine import Api, running_engine
from tests.support.docker_images import Image, Recipe, build

asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def engine() -> Iterator[Api]:
    """A real Docker engine; see tests/support/docker_engine.py."""
    with running_engine() as api:
        yield api


@pytest.fixture(scope="session")
def app_image(engine: Api) -> Image:
    """The app of tests/support/docker_app.py with a health check every second."""
    return asyncio.run(build(engine, "plain", Recipe()))
