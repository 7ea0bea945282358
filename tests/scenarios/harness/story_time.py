"""Time in a story: it passes only when everybody waits for it, and then for the world and the daemon alike.

The event loop's own time is virtual, so that timeouts and pauses in the code under test need no stand-in. Sockets are
real: while a request is under way nothing passes, however long the machine takes.
"""

import asyncio
import selectors
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest import mock
from weakref import WeakSet

import aiohttp

from controller.clients.aws_session import BoundedSession

PATIENCE_SECONDS = 30.0
"""For how long a request may really take before the story counts as stuck."""

MICROSECONDS = 1_000_000
NAMED_TASKS = ("watch ", "drive ", "lease ")
RANK_SECONDS = 1e-8
MOST_RANKS = 40
"""Ranks together stay below half of a microsecond, which is the same moment to the loop."""


class StuckStory(Exception):
    """No answer comes, or nobody waits for time: the story would never go on."""


class Traffic:
    """Requests under way. They are let through one at a time, in the order in which they were made, so that a story is
    the same each time."""

    def __init__(self) -> None:
        self._connectors: WeakSet[aiohttp.BaseConnector] = WeakSet()

    def under_way(self) -> bool:
        """Whether an answer is still to come."""
        return any(connector._acquired for connector in self._connectors)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """See every connection pool that is made within the context."""
        turn = asyncio.Lock()
        made, send = aiohttp.BaseConnector.__init__, BoundedSession.send

        def init(connector: aiohttp.BaseConnector, *args: Any, **kwargs: Any) -> None:
            made(connector, *args, **kwargs)
            self._connectors.add(connector)

        async def one_at_a_time(session: BoundedSession, request: Any) -> Any:
            async with turn:
                return await send(session, request)

        seen = mock.patch.object(aiohttp.BaseConnector, "__init__", init)
        with seen, mock.patch.object(BoundedSession, "send", one_at_a_time):
            yield


class StoryLoop(asyncio.SelectorEventLoop):
    """An event loop on the world's time. advance: moves the world on by so many seconds; the loop's time follows."""

    def __init__(self, traffic: Traffic, advance: Callable[[float], None]) -> None:
        super().__init__(_PatientSelector(self))
        self._clock_resolution = 1e-6
        self._traffic = traffic
        self._advance = advance
        self._passed = 0
        self._threads = 0
        self._ranks: dict[str, int] = {}

    def time(self) -> float:
        """Seconds since the story began."""
        return self._passed / MICROSECONDS

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Any = None) -> Any:  # type: ignore[override]
        """As ever; of those who wait for the same moment, whoever was there first in the story goes first."""
        task = asyncio.current_task(self)
        name = task.get_name() if task else ""
        rank = self._ranks.setdefault(name, len(self._ranks)) if name.startswith(NAMED_TASKS) else 0
        return super().call_at(when + min(rank, MOST_RANKS) * RANK_SECONDS, callback, *args, context=context)

    def run_in_executor(self, *args: Any) -> Any:  # type: ignore[override]
        """As ever, but time waits for the thread."""
        future = super().run_in_executor(*args)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: object) -> None:
        self._threads -= 1

    def wait_for_sockets_or(self, timeout: float | None) -> bool:
        """Called when nothing can run. Whether sockets have to be waited for; otherwise time has passed."""
        if self._threads or self._traffic.under_way() or timeout is None:
            return True
        step = max(1, round(timeout * MICROSECONDS))
        self._advance(step / MICROSECONDS)
        self._passed += step
        return False


class _PatientSelector(selectors.DefaultSelector):
    """Real sockets, virtual time. An answer is heard when nobody has anything else to do: how soon it comes, which is
    the machine's business, then changes nothing."""

    def __init__(self, loop: StoryLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        found = super().select(0)
        if found:
            return found
        if not self._loop.wait_for_sockets_or(timeout):
            return []
        found = super().select(PATIENCE_SECONDS)
        if not found:
            raise StuckStory(f"nothing happened within {PATIENCE_SECONDS:g} s of real time, and nobody waits for time")
        return found


class StoryClock:
    """`domain.ports.Clock` on the loop's time, to the millisecond. Ids are numbered by kind: r-1, r-2."""

    def __init__(self, starts_at: datetime) -> None:
        self._starts_at = starts_at
        self._ids: defaultdict[str, count[int]] = defaultdict(lambda: count(1))

    def now(self) -> datetime:
        return self._starts_at + timedelta(milliseconds=round(asyncio.get_running_loop().time() * 1000))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids[prefix])}"


class StorySchedule:
    """`domain.ports.Schedule` on the loop's time."""

    def __init__(self, clock: StoryClock, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def at(self, fleet: str, when: datetime) -> None:
        if fleet in self._handles:
            self._handles[fleet].cancel()
        seconds = max(0.0, (when - self._clock.now()).total_seconds())
        self._handles[fleet] = asyncio.get_running_loop().call_later(seconds, self._fire, fleet)
