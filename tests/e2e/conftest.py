"""One world and one receiver of traces for all end-to-end tests of a run, and a table of how long each part took."""

import asyncio
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio

from tests.e2e.harness.stage import Stage, stage
from tests.e2e.harness.stories import REPLACED, ROOMY, UNDONE
from tests.e2e.harness.tap import Tap, tapped
from tests.e2e.harness.timing import Timings

TIMINGS = Timings()

# pytest-asyncio asks for the current loop before it makes its own, and one made for the asking is never closed.
asyncio.set_event_loop(None)


LAST = "test_every_mutation_that_is_allowed_was_made"
"""Looks back on all other tests here."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks back comes last, and only where there is everything to look back on."""
    last = [item for item in items if item.name == LAST]
    rest = [item for item in items if item.name != LAST]
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    whole = not config.option.keyword and files <= {item.path.name for item in items}
    if last and not whole:
        config.hook.pytest_deselected(items=last)
    items[:] = [*rest, *last] if whole else rest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    began = monotonic()
    result = yield
    if monotonic() - began > 0.5:
        TIMINGS.add(item.nodeid.rpartition("/")[2], monotonic() - began)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TIMINGS.parts:
        terminalreporter.section("end to end: how long each part took")
        for line in TIMINGS.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="package", autouse=True)
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Dozens of processes import the same modules: each is compiled once, even where nothing is written beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


@pytest.fixture(scope="package")
def timings() -> Timings:
    return TIMINGS


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def tap() -> AsyncIterator[Tap]:
    async with tapped() as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def world(tap: Tap, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Groups for every test of one run that is content with a small one."""
    groups = (*REPLACED.groups(29), *UNDONE.groups(7), *ROOMY.groups(4))
    async with stage(tmp_path_factory.mktemp("world"), tap, groups) as running:
        yield running
