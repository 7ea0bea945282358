"""One engine and both kinds of Repave's image for all tests of a run."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.docker_engine import Api, running_engine
from tests.support.image import repave_image

asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def engine() -> Iterator[Api]:
    """A real Docker engine; see tests/support/docker_engine.py."""
    with running_engine() as api:
        yield api


@pytest.fixture(scope="session")
def image(engine: Api) -> str:
    """The production image's name; see tests/support/image.py."""
    return repave_image(engine)


@pytest.fixture(scope="session")
def demo_image(engine: Api) -> str:
    """The name of the image that `repave demo` runs in."""
    return repave_image(engine, "demo")
