"""Laps are kept where they happen, nested as they happened, and never cost the work that they time."""

import asyncio

import pytest

from controller.domain.errors import Throttled
from controller.domain.laps import MOST_LAPS, Lap, Laps, collecting, lap
from tests.support.virtual import VirtualClock, run


def told(laps: tuple[Lap, ...]) -> list[tuple[int, int, str, float, str]]:
    return [(item.number, item.within, item.name, item.seconds, item.error) for item in laps]


def test_nested_and_side_by_side() -> None:
    async def story(clock: VirtualClock) -> tuple[Lap, ...]:
        async def call(seconds: float) -> None:
            with lap(clock, f"call {seconds:g}", is_call=True):
                await clock.sleep(seconds)

        with collecting(Laps()) as laps, lap(clock, "observe"):
            async with asyncio.TaskGroup() as group:
                group.create_task(call(2))
                group.create_task(call(1))
        return laps.finish()

    assert told(run(story)) == [(1, 0, "observe", 2, ""), (2, 1, "call 2", 2, ""), (3, 1, "call 1", 1, "")]


def test_an_error_passes_through_and_leaves_its_code() -> None:
    async def story(clock: VirtualClock) -> tuple[Lap, ...]:
        with collecting(Laps()) as laps:
            with pytest.raises(Throttled), lap(clock, "call"):
                raise Throttled("slow down", code="ThrottlingException")
            with pytest.raises(ZeroDivisionError), lap(clock, "other"):
                raise ZeroDivisionError
        return laps.finish()

    assert [item.error for item in run(story)] == ["ThrottlingException", "ZeroDivisionError"]


def test_nobody_collects() -> None:
    async def story(clock: VirtualClock) -> int:
        with lap(clock, "call"):
            return 7

    assert run(story) == 7


def test_a_task_that_outlives_the_look_is_told_of_and_not_kept() -> None:
    heard: list[str] = []

    async def story(clock: VirtualClock) -> tuple[Lap, ...]:
        async def drive() -> None:
            await clock.sleep(5)
            with lap(clock, "later"):
                pass

        laps = Laps(lambda item: heard.append(item.name))
        with collecting(laps):
            task = asyncio.create_task(drive())
            with lap(clock, "now"):
                pass
        kept = laps.finish()
        await task
        assert laps.finish() == kept
        return kept

    assert [item.name for item in run(story)] == ["now"]
    assert heard == ["now", "later"]


def test_more_than_anybody_reads_is_counted() -> None:
    async def story(clock: VirtualClock) -> tuple[int, int]:
        with collecting(Laps()) as laps:
            for _ in range(MOST_LAPS + 3):
                with lap(clock, "call"):
                    pass
        return len(laps.finish()), laps.dropped

    assert run(story) == (MOST_LAPS, 3)
