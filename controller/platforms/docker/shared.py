"""One look for all who ask for one at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Makes one look at a time, and gives it to everybody who had asked when it began.

    So nobody gets an answer that is older than the question, and however many replacements are under way, at most two
    looks are waited for. An error is everybody's. Who stops waiting does not stop the look.
    """

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._under_way: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """What the next look sees."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._under_way))
            self._next.add_done_callback(_heard)
        return await asyncio.shield(self._next)

    async def _after(self, before: "asyncio.Task[T] | None") -> T:
        if before is not None:
            await asyncio.wait({before})
        self._under_way, self._next = self._next, None
        return await self._look()


def _heard(task: "asyncio.Task[T]") -> None:
    """Nobody may be left to hear of an error."""
    if not task.cancelled():
        task.exception()
