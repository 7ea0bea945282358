"""What the steps share: a hand on each engine, the traffic, what is remembered, and what the configuration wants."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from controller.domain.errors import Gone
from controller.domain.model import Inventory
from controller.domain.ports import Refused, Server, Waiting, Work
from controller.domain.replacement import Call, Replacement
from controller.platforms.docker.capacity import GOING, loss
from controller.platforms.docker.hand import CREATE, DELETE, RENAME, STOP, Hand
from controller.platforms.docker.inspected import REPLACEMENT, Inspected
from controller.platforms.docker.ledger import Ledger
from controller.platforms.docker.traffic import Traffic

PACES = ((1.0, 0.1), (5.0, 0.2), (20.0, 0.5))
"""Up to so many seconds of a phase, look again after so many."""


@dataclass(frozen=True, slots=True)
class Crew:
    """One fleet's. hands: by group. look: at the fleet as it is now. label: KEY or KEY=VALUE of its members. pull: when
    an image is fetched. ports, share_volumes: see Wishes. quarantine_seconds: how long a stopped predecessor is kept.
    """

    hands: Mapping[str, Hand]
    traffic: Traffic
    ledger: Ledger
    look: Callable[[], Awaitable[Inventory]]
    label: str
    pull: str = "never"
    ports: str | None = None
    share_volumes: bool = False
    quarantine_seconds: float = 0.0

    def hand(self, replacement: Replacement) -> Hand:
        """The hand on the engine of this replacement. Raises Gone when the fleet has no such engine."""
        try:
            return self.hands[replacement.group]
        except KeyError:
            raise Gone(f"the fleet has no engine {replacement.group}") from None

    async def predecessor(self, replacement: Replacement) -> Inspected | None:
        """The container that goes; None when it is gone. By its whole id, which no name can be mistaken for."""
        known = (replacement.facts.get("predecessor_facts") or {}).get("container.id")
        found = await self.hand(replacement).find(str(known or replacement.predecessor))
        return found if found is not None and found.id.startswith(replacement.predecessor) else None

    async def successor(self, replacement: Replacement) -> Inspected | None:
        """The container that we made for it, by its id or, until it is known, by its name; None when there is none."""
        found = await self.hand(replacement).find(replacement.successor or replacement.id)
        return found if found is not None and found.labels.get(REPLACEMENT) == replacement.id else None

    async def may_leave(self, work: Work, leaver: str, *, again: bool = False) -> str | None:
        """Why somebody must not be taken out of service now; None when it may, and counts as leaving from here on.
        again: ask also where that was found before, because it serves on."""
        group = work.replacement.group
        if leaver in self.ledger.leaving(group) and not again:
            return None
        inventory = await self.look()
        async with self.ledger.turn(self.traffic.id):
            short = loss(inventory, work, leaver, self.ledger.leaving(group))
            if short is None:
                self.ledger.mark(group, leaver)
        return short

    def server(self, work: Work, container: Inspected) -> Server:
        """A container as the balancer has to know it."""
        ours = work.replacement
        leaver = ours.successor if ours.undoing else ours.predecessor if ours.phase in GOING else None
        drains = [call.called_at for call in ours.calls if call.step == "drain" and not ours.undoing]
        seconds = (work.now - min(drains, default=ours.phase_since)).total_seconds()
        return container.server(self.traffic.port, work.now, seconds if container.short_id == leaver else None)


def superseded(replacement: Replacement) -> Refused:
    """The predecessor is gone, and not by our hand."""
    return Refused(f"{replacement.predecessor} was removed without us", "predecessor_gone", "superseded")


def creation(replacement: Replacement) -> Call | None:
    """Our newest call that made the successor, or may have."""
    return next((call for call in reversed(replacement.calls_of(CREATE)) if call.outcome != "failed"), None)


def ended_by_us(replacement: Replacement) -> bool:
    """Whether we asked the predecessor to end: from then on there is no way back to it."""
    calls = (call for call in replacement.calls if call.name in (STOP, DELETE, RENAME) and call.outcome != "failed")
    return any(str(call.arguments.get("container", "")).startswith(replacement.predecessor) for call in calls)


def soon(work: Work, reason: str) -> Waiting:
    """Look again: at once while it is new, then less often."""
    elapsed = work.replacement.elapsed_seconds(work.now)
    return Waiting(reason, next((pause for until, pause in PACES if elapsed < until), 1.0))
