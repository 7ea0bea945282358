"""The lease: when it is good enough to begin something, how it is kept, and how it is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.act.tenure import Tenure
from controller.domain.errors import JournalUnavailable, LeaseLost
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.support.virtual import VirtualClock, run


def with_tenure(main: Callable[[VirtualClock, JournalAdapter, Tenure], Awaitable[None]]) -> None:
    async def body(clock: VirtualClock) -> None:
        book = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
        await main(clock, book, Tenure("web", "us", 30.0, book, clock))

    run(body)


def test_without_a_lease_nothing_may_begin() -> None:
    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        for ask in (tenure.lease, tenure.require):
            with pytest.raises(LeaseLost, match="no lease for fleet web"):
                ask()

    with_tenure(main)


@pytest.mark.parametrize(("after_seconds", "enough"), [(0, True), (20, True), (20.1, False), (29, False), (60, False)])
def test_a_third_of_its_life_has_to_be_left_to_begin_something(after_seconds: float, enough: bool) -> None:
    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        taken = await tenure.take()
        await clock.sleep(after_seconds)
        assert tenure.lease() == taken
        if enough:
            assert tenure.require() == taken
        else:
            with pytest.raises(LeaseLost, match=f"ends in {30 - after_seconds:.1f} s"):
                tenure.require()

    with_tenure(main)


def test_it_is_renewed_every_third_of_its_life_with_the_same_token() -> None:
    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        first = await tenure.take()
        keeping = asyncio.ensure_future(tenure.keep())
        for _ in range(200):
            await clock.sleep(7)
            assert tenure.require().token == (first.token if first else None)
        keeping.cancel()

    with_tenure(main)


def test_while_another_holds_it_there_is_none_and_it_is_not_kept() -> None:
    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        await tenure.take()
        keeping = asyncio.ensure_future(tenure.keep())
        await book.release(tenure.lease())
        assert await book.acquire("web", "another", 300.0, clock.now())
        await asyncio.wait_for(keeping, timeout=11)
        with pytest.raises(LeaseLost):
            tenure.lease()
        assert await tenure.take() is None

    with_tenure(main)


def test_a_journal_that_is_away_does_not_end_the_keeping() -> None:
    class Away:
        away = True

        def __init__(self, journal: Any) -> None:
            self._journal = journal

        async def acquire(self, *arguments: Any) -> Any:
            if self.away:
                raise JournalUnavailable("gone fishing")
            return await self._journal.acquire(*arguments)

    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        journal = Away(book)
        shaky = Tenure("web", "us", 30.0, journal, clock)  # type: ignore[arg-type]
        keeping = asyncio.ensure_future(shaky.keep())
        await clock.sleep(25)
        journal.away = False
        await clock.sleep(10)
        assert shaky.require().owner == "us"
        assert not keeping.done()
        keeping.cancel()

    with_tenure(main)


def test_given_up_it_is_free_at_once() -> None:
    async def main(clock: VirtualClock, book: JournalAdapter, tenure: Tenure) -> None:
        await tenure.take()
        await tenure.release()
        with pytest.raises(LeaseLost):
            tenure.lease()
        assert await book.acquire("web", "another", 30.0, clock.now())
        await tenure.release()
        assert await book.acquire("web", "a third", 30.0, clock.now()) is None

    with_tenure(main)
