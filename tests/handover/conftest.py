"""One embedded AWS, one receiver of traces and one server per kind of journal for all hand-overs."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.harness.stage import Stage, stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.harness.tap import Tap, tapped
from tests.handover.ground import MEASURED, Containers, Processes, Store, Way, stores
from tests.support.docker_engine import running_engine
from tests.support.image import repave_image

asyncio.set_event_loop(None)

GROUPS = 12


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("hand-overs")
        for line in MEASURED:
            terminalreporter.write_line(line)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def tap() -> AsyncIterator[Tap]:
    async with tapped() as running:
        yield running


@pytest.fixture(scope="package")
def kept() -> Iterator[dict[str, Store]]:
    with stores() as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def world(tap: Tap, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with stage(tmp_path_factory.mktemp("handover"), tap, REPLACED.groups(GROUPS)) as running:
        yield running


@pytest.fixture(scope="package")
def processes() -> Way:
    return Processes()


@pytest.fixture(scope="package")
def containers() -> Iterator[Way]:
    with running_engine() as api:
        yield Containers(api, repave_image(api))
