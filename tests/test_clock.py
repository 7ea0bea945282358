import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from controller.clock import SystemClock
from controller.domain.ports import Clock


def test_the_system_clock_is_a_clock_and_speaks_utc() -> None:
    clock: Clock = SystemClock()
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


@pytest.mark.looptime
async def test_it_sleeps_for_as_long_as_it_was_asked_to() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await SystemClock().sleep(90.0)
    assert loop.time() - began == pytest.approx(90.0)


@pytest.mark.looptime
async def test_a_sleep_can_be_cut_short_by_cancelling_it() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5.0):
            await SystemClock().sleep(3600.0)
    assert loop.time() - began == pytest.approx(5.0)


@pytest.mark.looptime
async def test_a_sleep_of_nothing_or_less_takes_no_time_and_lets_others_run() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    others: list[str] = []
    task = asyncio.create_task(_note(others))
    await SystemClock().sleep(-1.0)
    assert others == ["ran"]
    assert loop.time() == pytest.approx(began, abs=0.01)
    await task


async def _note(others: list[str]) -> None:
    others.append("ran")


def test_ids_keep_their_prefix_and_do_not_repeat() -> None:
    clock = SystemClock()
    ids = {clock.new_id("r") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"r-[0-9a-f]{10}", one) for one in ids)
