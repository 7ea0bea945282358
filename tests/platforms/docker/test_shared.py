"""One look is shared by all who asked before it began, and by nobody who asked later."""

import asyncio

import pytest

from controller.platforms.docker.shared import Shared


class Looks:
    """Looks that end when they are told to."""

    def __init__(self) -> None:
        self.begun = self.most = self.now = 0
        self.may_end = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.now += 1
        self.most = max(self.most, self.now)
        await self.may_end.wait()
        self.now -= 1
        if self.fails:
            raise RuntimeError("no answer")
        return number


async def _a_moment() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_while_a_look_is_under_way_gets_the_next_one() -> None:
    looks = Looks()
    shared = Shared(looks)
    early = [asyncio.create_task(shared()) for _ in range(3)]
    await _a_moment()
    late = [asyncio.create_task(shared()) for _ in range(3)]
    await _a_moment()
    looks.may_end.set()
    assert await asyncio.gather(*early, *late) == [1, 1, 1, 2, 2, 2]
    assert (looks.begun, looks.most) == (2, 1)
    assert await shared() == 3


async def test_who_stops_waiting_takes_the_look_from_nobody() -> None:
    looks = Looks()
    shared = Shared(looks)
    impatient, patient = asyncio.create_task(shared()), asyncio.create_task(shared())
    await _a_moment()
    impatient.cancel()
    await _a_moment()
    looks.may_end.set()
    assert await patient == 1


async def test_an_error_is_everybodys_and_not_the_end() -> None:
    looks = Looks()
    shared = Shared(looks)
    looks.fails = True
    asked = [asyncio.create_task(shared()) for _ in range(2)]
    await _a_moment()
    looks.may_end.set()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(one) for one in told] == ["no answer"] * 2
    looks.fails = False
    assert await shared() == 2


@pytest.mark.filterwarnings("error")
async def test_an_error_that_nobody_waits_for_any_more_is_no_noise() -> None:
    looks = Looks()
    looks.fails = True
    asked = asyncio.create_task(Shared(looks)())
    await _a_moment()
    asked.cancel()
    looks.may_end.set()
    await _a_moment()
    assert looks.now == 0
