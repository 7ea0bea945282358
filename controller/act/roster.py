"""This daemon among others: it says that it is there, sees who else is, and which fleets are its to take or give."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from controller.decide.shares import Roll, to_hand_over, to_take
from controller.domain.errors import JournalUnavailable
from controller.domain.ports import Clock, Journal, Lease

PRESENT_FOR = 1 / 2
"""Of a lease's life. Whoever dies is missed before its leases run out: those are renewed at every third."""

ANNOUNCED_EVERY = 1 / 6
LOOKS_EVERY = 1 / 15
LONGEST_LOOK_SECONDS = 2.0


class Crew(Protocol):
    """This daemon's loops."""

    def watched(self) -> frozenset[str]:
        """The fleets of its configuration."""

    def busy(self, fleet: str) -> bool:
        """Whether something is under way in a fleet."""

    def wake(self, fleet: str) -> None:
        """Have a fleet looked at, because it can be taken or should be given up."""


class Roster:
    """The others, as of the last look. A look that fails leaves nothing to take and nothing to give.

    heard: is told every lease, at each look.
    """

    def __init__(
        self,
        owner: str,
        ttl_seconds: float,
        journal: Journal,
        clock: Clock,
        crew: Crew,
        heard: Callable[[tuple[Lease, ...]], None] = lambda _: None,
    ) -> None:
        self._owner = owner
        self._ttl_seconds = ttl_seconds
        self._journal = journal
        self._clock = clock
        self._crew = crew
        self._heard = heard
        self._announced_at: datetime | None = None
        self._free_since: dict[str, datetime] = {}
        self._announced: frozenset[str] = frozenset()
        self._taking: frozenset[str] = frozenset()
        self._roll: Roll | None = None
        self._giving: frozenset[str] = frozenset()

    async def run(self) -> None:
        """For ever: be there, and look."""
        while True:
            await self._clock.sleep(min(self._ttl_seconds * LOOKS_EVERY, LONGEST_LOOK_SECONDS))
            await self.look()

    async def look(self) -> None:
        """Say that this daemon is there, when it is time, and see who else is."""
        try:
            await self._announce()
            present = await self._journal.present(self._clock.now())
            leases = await self._journal.leases()
        except JournalUnavailable:
            self._know_nothing()
            return
        self._heard(leases)
        now, fleets = self._clock.now(), self._crew.watched()
        roll = Roll(now, self._ttl_seconds, present, leases, self._free_since)
        held = roll.held()
        for fleet in self._free_since.keys() - (fleets - held.keys()):
            del self._free_since[fleet]
        for fleet in fleets - held.keys():
            self._free_since.setdefault(fleet, now)
        self._roll = roll
        self._taking = to_take(roll, self._owner) & fleets
        self._giving = to_hand_over(roll, self._owner, {one for one in fleets if not self._crew.busy(one)})
        for fleet in sorted(self._taking | self._giving):
            self._crew.wake(fleet)

    async def leave(self) -> None:
        """Be there no more: others take at once what is given up from now on. Raises JournalUnavailable."""
        self._know_nothing()
        await self._journal.leave(self._owner)

    def may_take(self, fleet: str) -> bool:
        """See Share."""
        return fleet in self._taking

    def gives_up(self, fleet: str) -> bool:
        """See Share. Where nothing is under way at this moment counts, whatever was so at the last look: between two
        replacements a fleet is idle for no longer than it takes to ask."""
        if self._roll is not None and fleet not in self._giving:
            given = to_hand_over(self._roll, self._owner, self._giving | {fleet})
            self._giving = given if len(given) > len(self._giving) else self._giving
        return fleet in self._giving

    def _know_nothing(self) -> None:
        self._roll, self._taking, self._giving = None, frozenset(), frozenset()

    async def _announce(self) -> None:
        now = self._clock.now()
        every = timedelta(seconds=self._ttl_seconds * ANNOUNCED_EVERY)
        fleets = self._crew.watched()
        if self._announced_at is None or now - self._announced_at >= every or fleets != self._announced:
            await self._journal.announce(self._owner, fleets, self._ttl_seconds * PRESENT_FOR, now)
            self._announced_at, self._announced = now, fleets
