"""The gate of what is done between replacements: it acts for a whole fleet, under its lease and its holds."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from controller.act.saga import to_the_end
from controller.act.site import Site
from controller.act.tenure import Tenure
from controller.domain.errors import Held, PlatformError
from controller.domain.policy import Mode
from controller.domain.ports import Clock, Journal, Upkeep

T = TypeVar("T")


class Caretaker:
    """Has a fleet's platform put right what has to be, in mode act."""

    def __init__(self, fleet: str, journal: Journal, tenure: Tenure, clock: Clock) -> None:
        self._fleet = fleet
        self._journal = journal
        self._tenure = tenure
        self._clock = clock

    async def tend(self, site: Site) -> tuple[str, ...]:
        """What was done or noticed, a sentence each. What the platform refuses is told, and tried again at the next
        tick. Raises LeaseLost and JournalUnavailable."""
        if site.policy.mode is not Mode.ACT:
            return ()
        opened = await self._journal.open_replacements(self._fleet)
        try:
            return await site.platform.upkeep(Upkeep(opened, self._mutate, self._clock.now()))
        except Held:
            return ()  # that it is held is said already
        except PlatformError as error:
            return (f"upkeep has to wait: {error}",)

    async def _mutate(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        """See domain.ports.Mutate; nothing is journaled, because every look finds out what is still to be done."""
        del call, arguments
        for hold in await self._journal.holds(self._clock.now()):
            if hold.scope in ("all", f"fleet:{self._fleet}"):
                raise Held(hold.sentence())
        self._tenure.require()
        return await to_the_end(perform())
