"""The schedule fires once per fleet, at the last time it was given."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from controller.clock import SystemClock
from controller.schedule import DateSchedule

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 5.0


class Fired:
    """Notes who was fired; `until(n)` waits for the n-th."""

    def __init__(self) -> None:
        self.fleets: list[str] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, fleet: str) -> None:
        self.fleets.append(fleet)
        self._tasks.add(asyncio.get_running_loop().create_task(self._tell()))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.fleets) >= count)


@pytest.fixture
async def fired() -> Fired:
    return Fired()


@pytest.fixture
async def schedule(fired: Fired) -> AsyncIterator[DateSchedule]:
    made = DateSchedule(fired)
    yield made
    made.stop()


async def test_what_is_past_fires_at_once_however_late(schedule: DateSchedule, fired: Fired) -> None:
    schedule.at("web", LONG_AGO)
    await fired.until(1)
    assert fired.fleets == ["web"]


async def test_what_is_set_again_fires_once_at_the_new_time(schedule: DateSchedule, fired: Fired) -> None:
    far = SystemClock().now() + timedelta(days=1)
    schedule.at("web", SystemClock().now() + timedelta(seconds=0.2))
    schedule.at("web", far)
    schedule.at("api", SystemClock().now() + timedelta(seconds=0.3))
    await fired.until(1)
    assert fired.fleets == ["api"], "web was put off until tomorrow"
    schedule.at("web", LONG_AGO)
    await fired.until(2)
    assert fired.fleets == ["api", "web"]


async def test_it_can_be_set_from_within(fired: Fired) -> None:
    again = 3

    def fire(fleet: str) -> None:
        fired(fleet)
        if len(fired.fleets) < again:
            made.at(fleet, LONG_AGO)

    made = DateSchedule(fire)
    made.at("web", LONG_AGO)
    await fired.until(again)
    made.stop()
    assert fired.fleets == ["web"] * again


async def test_nothing_fires_after_stop(fired: Fired) -> None:
    stopped, running = DateSchedule(fired), DateSchedule(fired)
    stopped.at("stopped", SystemClock().now() + timedelta(seconds=0.1))
    stopped.stop()
    running.at("running", SystemClock().now() + timedelta(seconds=0.3))
    await fired.until(1)
    running.stop()
    assert fired.fleets == ["running"]
