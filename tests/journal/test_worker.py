"""Transactions in a thread of their own, and cancelling whoever waits for one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event as Signal
from threading import current_thread

import pytest

from controller.domain.errors import JournalUnavailable
from controller.domain.model import Hold
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.journal.worker import WorkerThread, direct
from tests.journal.material import later


@pytest.fixture
async def worker() -> AsyncIterator[WorkerThread]:
    thread = WorkerThread()
    yield thread
    thread.close()


class Slow:
    """Work that begins, and then ends when it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._failure = failure
        self.may_end = Signal()
        self.ended = False

    def __call__(self) -> str:
        self._loop.call_soon_threadsafe(self._begun.set)
        assert self.may_end.wait(30)
        self.ended = True
        if self._failure:
            raise self._failure
        return "done"

    async def begun(self) -> None:
        await asyncio.wait_for(self._begun.wait(), 30)


async def test_direct_work_happens_at_once_and_here() -> None:
    assert await direct(current_thread) is current_thread()


async def test_everything_runs_in_one_thread_which_is_not_the_loop_s(worker: WorkerThread) -> None:
    threads = await asyncio.gather(*(worker(current_thread) for _ in range(10)))
    assert len(set(threads)) == 1
    assert current_thread() not in threads


async def test_the_loop_goes_on_meanwhile(worker: WorkerThread) -> None:
    slow = Slow()
    task = asyncio.create_task(worker(slow))
    await slow.begun()
    assert not task.done()
    slow.may_end.set()
    assert await task == "done"


async def test_cancelling_waits_for_the_end_however_often_it_is_done(worker: WorkerThread) -> None:
    slow = Slow()
    task = asyncio.create_task(worker(slow))
    await slow.begun()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()
    slow.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.ended


async def test_a_failure_under_cancellation_is_its_cause(worker: WorkerThread) -> None:
    slow = Slow(JournalUnavailable("the disk is full"))
    task = asyncio.create_task(worker(slow))
    await slow.begun()
    task.cancel()
    slow.may_end.set()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert isinstance(caught.value.__cause__, JournalUnavailable)


async def test_a_failure_reaches_who_waits(worker: WorkerThread) -> None:
    slow = Slow(JournalUnavailable("the disk is full"))
    slow.may_end.set()
    with pytest.raises(JournalUnavailable):
        await worker(slow)


async def test_whoever_cancels_a_write_and_then_reads_sees_it(worker: WorkerThread, tmp_path: Path) -> None:
    journal = JournalAdapter(SqlJournal.open(f"sqlite:///{tmp_path / 'journal.db'}", None), worker)
    before = Slow()
    holding_up = asyncio.create_task(worker(before))
    await before.begun()
    writing = asyncio.create_task(journal.hold(Hold("all", "incident", "ana", later(0))))
    await asyncio.sleep(0)
    writing.cancel()
    before.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await holding_up
    assert len(await journal.holds(later(0))) == 1
    await journal.aclose()


async def test_who_waited_while_the_journal_was_found_gone_is_told_so_and_who_asks_later_tries(
    worker: WorkerThread,
) -> None:
    """One that hangs costs each transaction its time limit: with thirty fleets nobody was looked at any more."""
    tried = list[str]()
    hanging = Slow(JournalUnavailable("it cannot be reached"))
    first = asyncio.create_task(worker(hanging))
    await hanging.begun()
    waiting = [asyncio.create_task(worker(lambda: tried.append("waited"))) for _ in range(30)]
    await asyncio.sleep(0)
    hanging.may_end.set()
    told = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert {str(error) for error in told} == {"it cannot be reached"}
    assert tried == []
    await worker(lambda: tried.append("later"))
    assert tried == ["later"]
