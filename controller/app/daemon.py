"""Ticks every fleet when its time has come, until it is told to stop or nothing is left to do."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import IntEnum
from functools import partial
from typing import Protocol

import structlog

from controller.app.heartbeat import Heartbeat
from controller.domain.errors import RepaveError
from controller.domain.ports import Clock, Schedule
from controller.loop import Tick
from controller.record.fleet_metrics import BY_EVIDENCE, stops
from controller.record.logs import about_fleet, log_tick

LONGEST_TICK_SECONDS = 300.0
"""A tick that takes longer is cut off and tried again; everything inside it has shorter limits of its own."""

MOST_BACKOFF_SECONDS = 300.0


class Exit(IntEnum):
    """How a run ends."""

    SETTLED = 0
    FAILED = 1
    HELD = 3


class Loop(Protocol):
    """What ticks: a FleetLoop, or one with a watch beside it."""

    async def tick(self) -> Tick:
        """Look once, decide, and set going what was decided."""

    async def stop(self, within_seconds: float) -> None:
        """Park everything and give the lease up."""


class Daemon:
    """All fleets of one configuration. `wake` may be called at any time, also while the fleet is being looked at:
    then it is looked at once more. A fleet's ticks never overlap.

    measure: is told how many seconds each tick of a fleet took. on_tick: is told of every tick, for whoever watches.
    """

    def __init__(
        self,
        clock: Clock,
        heartbeat: Heartbeat,
        tick_seconds: float,
        measure: Callable[[str, float], None],
        on_tick: Callable[[Tick], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._heartbeat = heartbeat
        self._tick_seconds = tick_seconds
        self._measure = measure
        self._on_tick = on_tick
        self._due: dict[str, asyncio.Event] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[str] = set()
        self._begin: Callable[[str, Loop], asyncio.Task[None]]
        self._errors_in_a_row: dict[str, int] = {}
        self._last: dict[str, Tick] = {}
        self._stopping = asyncio.Event()
        self._log = structlog.get_logger("repave")

    def wake(self, fleet: str) -> None:
        """Look at this fleet as soon as possible."""
        if fleet in self._due:
            self._due[fleet].set()

    def stop(self) -> None:
        """Begin no further tick."""
        self._stopping.set()
        for event in self._due.values():
            event.set()

    def set_tick(self, seconds: float) -> None:
        """From now on, failed looks are tried again after so long at first."""
        self._tick_seconds = seconds

    async def run(self, loops: Mapping[str, Loop], schedule: Schedule, *, until_settled: bool) -> Exit | None:
        """Tick for ever, or until settled. None when `stop` ended it first; a tick under way is finished."""
        async with asyncio.TaskGroup() as group:
            self._begin = partial(self._begin_in, group, schedule, until_settled)
            for fleet, loop in loops.items():
                self.add(fleet, loop)
            group.create_task(self._stopping.wait(), name="until stopped")
        return self._verdict() if until_settled else None

    def add(self, fleet: str, loop: Loop) -> None:
        """Look at this fleet too, at once. Only while running."""
        self._due[fleet] = asyncio.Event()
        self._watches[fleet] = self._begin(fleet, loop)
        self.wake(fleet)

    async def remove(self, fleet: str) -> None:
        """Begin no further tick of this fleet; returns once one under way has ended."""
        watch = self._watches[fleet]
        self._leaving.add(fleet)
        self.wake(fleet)
        try:
            await asyncio.wait((watch,))
        finally:
            self._leaving.discard(fleet)
        del self._watches[fleet], self._due[fleet]
        self._last.pop(fleet, None)
        self._errors_in_a_row.pop(fleet, None)
        self._heartbeat.forget(fleet)

    def _begin_in(
        self, group: asyncio.TaskGroup, schedule: Schedule, until_settled: bool, fleet: str, loop: Loop
    ) -> asyncio.Task[None]:
        return group.create_task(self._watch(fleet, loop, schedule, until_settled), name=f"watch {fleet}")

    async def _watch(self, fleet: str, loop: Loop, schedule: Schedule, until_settled: bool) -> None:
        due = self._due[fleet]
        while True:
            await due.wait()
            due.clear()
            if self._stopping.is_set() or fleet in self._leaving:
                return
            self._heartbeat.began(fleet, LONGEST_TICK_SECONDS)
            began_at = self._clock.now()
            tick = await self._tick(fleet, loop)
            self._measure(fleet, (self._clock.now() - began_at).total_seconds())
            self._last[fleet] = tick
            self._heartbeat.ended(fleet, tick.next_look_at)
            self._on_tick(tick)
            if until_settled and len(self._last) == len(self._watches) and self._verdict() is not None:
                self.stop()
            schedule.at(fleet, tick.next_look_at)

    async def _tick(self, fleet: str, loop: Loop) -> Tick:
        """One tick, whatever happens in it."""
        try:
            with about_fleet(fleet):
                async with asyncio.timeout(LONGEST_TICK_SECONDS):
                    tick = await loop.tick()
        except Exception as error:  # noqa: BLE001 - no tick may end the daemon
            return self._stumbled(fleet, error)
        self._errors_in_a_row[fleet] = 0
        log_tick(
            fleet,
            tick.sentence,
            settled=tick.settled,
            standby=tick.standby,
            looked=tick.looked,
            stopped=tick.record is not None and bool(stops(tick.record) & BY_EVIDENCE),
        )
        return tick

    def _stumbled(self, fleet: str, error: Exception) -> Tick:
        """A tick that went wrong as none should: say so, and try again later and later."""
        count = self._errors_in_a_row[fleet] = self._errors_in_a_row.get(fleet, 0) + 1
        pause = min(self._tick_seconds * 2 ** min(count - 1, 16), MOST_BACKOFF_SECONDS)
        what = "it took too long" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
        sentence = f"could not finish looking: {what}; again in {pause:g} s"
        self._log.error(sentence, fleet=fleet, exc_info=None if isinstance(error, RepaveError) else error)
        return Tick(fleet, sentence, self._clock.now() + timedelta(seconds=pause))

    def _verdict(self) -> Exit | None:
        """How it would end now; None when there is still something to wait for."""
        ticks = self._last.values()
        moving = [tick for tick in ticks if not tick.settled and not tick.held_in_flight]
        if moving:
            return None
        if any(tick.held_in_flight for tick in ticks):
            return Exit.HELD
        return Exit.FAILED if any(tick.failed or tick.breaker_open for tick in ticks) else Exit.SETTLED
