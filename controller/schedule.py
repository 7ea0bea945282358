"""When each fleet is looked at next, on APScheduler: one date trigger per fleet, set again after every tick."""

from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger


class DateSchedule:
    """Implements the Schedule port. `fire` is called on the event loop with the fleet's name; it must return at once.

    A trigger that comes late (a busy loop, a machine that slept) still fires: by default APScheduler drops it after
    one second. It may fire while a tick of that fleet runs; that ticks do not overlap is the caller's business. Starts
    in the running loop; `stop` forgets every trigger.
    """

    def __init__(self, fire: Callable[[str], None]) -> None:
        self._fire = fire
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2}
        )
        self._scheduler.start()

    def at(self, fleet: str, when: datetime) -> None:
        """Fire for this fleet once at that time, at once if it is past; what was set for it before is replaced."""
        trigger = DateTrigger(run_date=when)
        self._scheduler.add_job(self._run, trigger, args=(fleet,), id=fleet, name=fleet, replace_existing=True)

    def stop(self) -> None:
        """Forget every trigger. Nothing fires afterwards."""
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    async def _run(self, fleet: str) -> None:
        # A coroutine, because APScheduler runs anything else in a thread.
        self._fire(fleet)
