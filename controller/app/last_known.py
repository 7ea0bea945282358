"""What people are told while the journal cannot be reached: what was known last, and since when."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar, cast

import structlog

from controller.act.recollection import JournalLost
from controller.decide.explain import isoformat
from controller.domain.errors import JournalUnavailable
from controller.domain.model import Breaker, Hold, Snapshot
from controller.domain.ports import Journal, Lease, Presence, TickRecord
from controller.domain.replacement import Replacement
from controller.domain.request import Request
from controller.loop import Tick

T = TypeVar("T")

log = structlog.get_logger("repave")


class LastKnown:
    """Stands before a journal for those who only read it; every other method is the journal's own.

    It hears of every look of this daemon. What another daemon looks at is known as of the last time that it was read.
    lost: since when the journal is missing, by the looks of this daemon.
    """

    def __init__(self, journal: Journal) -> None:
        self.lost: JournalLost | None = None
        self._journal = journal
        self._records: dict[str, TickRecord] = {}
        self._seen: dict[str, Snapshot] = {}
        self._leases: dict[str, Lease] = {}
        self._present: tuple[Presence, ...] = ()
        self._newest: tuple[Replacement, ...] = ()

    @classmethod
    def before(cls, journal: Journal) -> "tuple[LastKnown, Journal]":
        """One that stands before this journal, and the same as a journal."""
        known = cls(journal)
        return known, cast("Journal", known)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def told(self, tick: Tick) -> None:
        """A look has ended. Says once that the journal is gone, and once that it is back."""
        if tick.record is not None and tick.seen is not None:
            self._records[tick.fleet], self._seen[tick.fleet] = tick.record, tick.seen
        if tick.journal_lost is not None:
            if self.lost is None:
                reason = tick.journal_lost.reason
                log.error("the journal cannot be reached: nothing is done, fleets are only watched", reason=reason)
            self.lost = self.lost or tick.journal_lost
        elif self.lost is not None and tick.journal_there:
            log.info("the journal is back: acting goes on", lost_since=isoformat(self.lost.since))
            self.lost = None

    def leases_are(self, leases: tuple[Lease, ...]) -> None:
        """Who holds what."""
        self._leases = {lease.fleet: lease for lease in leases}

    def stale(self) -> dict[str, Any] | None:
        """operations.documents.Stale; None while the journal is there."""
        return {"since": isoformat(self.lost.since), "reason": self.lost.reason} if self.lost else None

    async def reports(self) -> tuple[TickRecord, ...]:
        """The newest record of every fleet, from the journal or from this daemon's own looks."""
        told = await self._or(self._journal.reports, self._by_fleet)
        for record in told:
            known = self._records.get(record.fleet)
            if known is None or record.at >= known.at:
                self._records[record.fleet] = record
        return told

    async def holds(self, now: datetime) -> tuple[Hold, ...]:
        """The holds in force."""

        def last() -> tuple[Hold, ...]:
            holds = {hold for seen in self._seen.values() for hold in seen.holds}
            there = (hold for hold in holds if hold.expires_at is None or hold.expires_at > now)
            return tuple(sorted(there, key=lambda hold: hold.created_at))

        return await self._or(lambda: self._journal.holds(now), last)

    async def breakers(self, fleet: str) -> tuple[Breaker, ...]:
        """The breakers that are open."""
        seen = self._seen.get(fleet)
        return await self._or(lambda: self._journal.breakers(fleet), lambda: seen.breakers if seen else ())

    async def holder(self, fleet: str) -> Lease | None:
        """Whose lease it is."""
        found = await self._or(lambda: self._journal.holder(fleet), lambda: self._leases.get(fleet))
        if found is not None:
            self._leases[fleet] = found
        return found

    async def present(self, now: datetime) -> tuple[Presence, ...]:
        """The daemons that are there."""
        self._present = await self._or(lambda: self._journal.present(now), lambda: self._present)
        return self._present

    async def open_replacements(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        """All that are not closed."""
        return await self._or(lambda: self._journal.open_replacements(fleet), lambda: self._open(fleet))

    async def replacements(self, limit: int = 50) -> tuple[Replacement, ...]:
        """The newest, as of the last time that somebody asked; what is open now."""

        def last() -> tuple[Replacement, ...]:
            opened = {item.id: item for item in self._open()}
            return (*opened.values(), *(item for item in self._newest if item.id not in opened))[:limit]

        self._newest = await self._or(lambda: self._journal.replacements(limit), last)
        return self._newest

    async def requests(self, now: datetime, fleet: str | None = None) -> tuple[Request, ...]:
        """What stands."""

        def last() -> tuple[Request, ...]:
            every = (item for seen in self._seen.values() for item in seen.requests)
            return tuple(item for item in every if item.stands(now) and fleet in (None, item.fleet))

        return await self._or(lambda: self._journal.requests(now, fleet), last)

    def _open(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        every = (item for seen in self._seen.values() for item in seen.open_replacements)
        return tuple(item for item in every if fleet in (None, item.fleet))

    async def _or(self, ask: Callable[[], Awaitable[T]], last: Callable[[], T]) -> T:
        """What the journal says, or what was known last. One that is known to be gone is not asked: if it hangs, it
        would keep everybody waiting. Raises JournalUnavailable where nothing was ever known."""
        if self.lost is None or not self._records:
            try:
                return await ask()
            except JournalUnavailable:
                if not self._records:
                    raise
        return last()

    def _by_fleet(self) -> tuple[TickRecord, ...]:
        return tuple(self._records[fleet] for fleet in sorted(self._records))
