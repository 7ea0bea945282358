"""A clock whose time passes only when nothing else can run."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

import looptime

T = TypeVar("T")

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class VirtualClock:
    """domain.ports.Clock on the event loop's own, virtual time. Ids are numbered, so that runs repeat exactly."""

    def __init__(self) -> None:
        self._ids = count(1)

    def now(self) -> datetime:
        return START + timedelta(seconds=round(asyncio.get_running_loop().time(), 6))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids):04d}"


def run(main: Callable[[VirtualClock], Awaitable[T]]) -> T:
    """Run to the end on virtual time, starting at START."""

    async def body() -> T:
        return await main(VirtualClock())

    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(start=0.0, noop_cycles=8)) as runner:
        return runner.run(body())
