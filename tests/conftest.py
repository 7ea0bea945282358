"""What holds for every test: a skip fails the build in CI, and simulations choose their seeds here."""

import asyncio
import logging
import os
from collections.abc import Generator, Iterator

import pytest
import structlog

CI = os.environ.get("CI", "").lower() == "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--simulation-seeds",
        type=int,
        default=20,
        metavar="N",
        help="how many seeds each test with a `simulation_seed` argument runs (default: 20)",
    )
    parser.addoption(
        "--simulation-first-seed",
        type=int,
        default=0,
        metavar="SEED",
        help="the first of them; with --simulation-seeds=1 this replays one seed (default: 0)",
    )
    parser.addoption("--update-goldens", action="store_true", help="write the reports of tests/scenarios anew")


def pytest_configure() -> None:
    """No loop unless a test makes one: else looptime asks asyncio for one at the start, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A test that sets the process's logging up leaves nothing of it to the next."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [one for one in root.handlers if type(one).__module__.startswith("controller.")]:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `simulation_seed` (an int) once for each seed."""
    if "simulation_seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--simulation-first-seed")
        count = metafunc.config.getoption("--simulation-seeds")
        metafunc.parametrize("simulation_seed", range(first, first + count))


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure. An expected failure also reports as skipped; it ran, so it stays what it is."""
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: nothing may be skipped when CI=true, and this was: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report
