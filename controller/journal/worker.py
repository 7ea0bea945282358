"""Where the journal's transactions run: at once, or in one thread of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from controller.domain.errors import JournalUnavailable

T = TypeVar("T")


class Run(Protocol):
    """Runs one transaction and gives what it gives."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Run it to its end."""


async def direct(work: Callable[[], T], /) -> T:
    """Run it here and now, without giving way: for a virtual clock."""
    return work()


async def to_its_end(running: "asyncio.Future[T]") -> T:
    """What it gives. Cancelling waits until it has ended."""
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return running.result()
    # Look at the result, or asyncio would complain that nobody did.
    raise cancelled from running.exception()


class WorkerThread:
    """One thread, so that a slow disk never stops the loop and transactions keep the order in which they were asked.

    Where one finds that the journal is not there, those that waited for it meanwhile are told the same, and not tried:
    a journal that hangs would cost each of them its time limit, one after the other, and nobody would watch the fleets.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._asked = 0
        self._in_vain = 0
        self._why = ""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Run it in the thread. Cancelling waits until the transaction has ended, so that whoever cancels and then
        reads the journal reads the truth."""
        self._asked += 1
        running = asyncio.get_running_loop().run_in_executor(self._executor, self._tried, work, self._asked)
        return await to_its_end(running)

    def _tried(self, work: Callable[[], T], number: int) -> T:
        if number <= self._in_vain:
            raise JournalUnavailable(self._why)
        try:
            return work()
        except JournalUnavailable as error:
            self._in_vain, self._why = self._asked, str(error)
            raise

    def close(self) -> None:
        """End the thread, once what it was given is done."""
        self._executor.shutdown()
