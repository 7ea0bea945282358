"""The journal, with a log line for everything that is written about a replacement."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import structlog

from controller.domain.lifecycle import Kind
from controller.domain.ports import Budget, Lease, OpenedJournal, TickRecord
from controller.domain.replacement import Event, Replacement, apply
from controller.domain.veto import Veto

TOLD = (
    "successor",
    "verification",
    "outcome",
    "reason",
    "error_type",
    "call",
    "error",
    "left_behind",
    "timed_out",
    "by",
)
"""The facts of an event that go into its line."""


class Audience(Protocol):
    """Whoever wants to hear what was journaled. It must return at once and raise nothing."""

    def happened(self, state: Replacement, event: Event) -> None:
        """An event of a replacement was journaled; `state` is the replacement after it."""

    def looked(self, record: TickRecord, changed: Collection[str]) -> None:
        """A tick was journaled; `changed`: the instances whose refusal has other reasons than before."""


class NarratedJournal:
    """Logs each event once it is journaled, tells its audiences, and remembers what is open, so that a daemon that has
    to end at once can still say where everything stands. All else goes through as it is.

    Implements `domain.ports.OpenedJournal` over any other one.
    """

    def __init__(self, journal: OpenedJournal) -> None:
        self._journal = journal
        self._open: dict[str, Replacement] = {}
        self._audiences: list[Audience] = []
        self._log = structlog.get_logger("repave.journal")
        self.acquire = journal.acquire
        self.release = journal.release
        self.leases = journal.leases
        self.announce = journal.announce
        self.present = journal.present
        self.leave = journal.leave
        self.holder = journal.holder
        self.events = journal.events
        self.replacements = journal.replacements
        self.history = journal.history
        self.memory = journal.memory
        self.reports = journal.reports
        self.holds = journal.holds
        self.hold = journal.hold
        self.resume = journal.resume
        self.hold_on = journal.hold_on
        self.lifted = journal.lifted
        self.requests = journal.requests
        self.all_requests = journal.all_requests
        self.request = journal.request
        self.approve = journal.approve
        self.ask = journal.ask
        self.abort = journal.abort
        self.aborted = journal.aborted
        self.breakers = journal.breakers
        self.open_breaker = journal.open_breaker
        self.close_breaker = journal.close_breaker
        self.save_policy = journal.save_policy
        self.policy_document = journal.policy_document
        self.let_go = journal.let_go
        self.healthy = journal.healthy
        self.pending = journal.pending
        self.delivered = journal.delivered
        self.poisoned = journal.poisoned
        self.outbox_size = journal.outbox_size
        self.aclose = journal.aclose

    def tell(self, audience: Audience) -> None:
        """From now on, this audience hears of everything."""
        self._audiences.append(audience)

    def parked(self) -> list[str]:
        """Every open replacement that is known here, and where it stands: `r-7f3 (draining i-2 of web)`."""
        return [f"{item.id} ({item.phase} {item.predecessor} of {item.fleet})" for item in self._open.values()]

    async def open_replacements(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        """All that are not closed, oldest first."""
        found = await self._journal.open_replacements(fleet)
        kept = {item.id: item for item in self._open.values() if fleet is not None and item.fleet != fleet}
        self._open = kept | {item.id: item for item in found}
        return found

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        """Insert the `accepted` event, or say why not."""
        answer = await self._journal.accept(event, lease, budget)
        if isinstance(answer, Replacement):
            self._open[answer.id] = answer
            self._say(f"accepted: replacing {answer.predecessor} for {', '.join(answer.causes)}", answer, event)
        return answer

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        """Append events of one replacement."""
        await self._journal.append(events, lease)
        for event in events:
            state = self._open.get(event.replacement_id)
            if state is None or event.ordinal != state.events:
                continue
            state = self._open[state.id] = apply(state, event)
            if not state.open:
                del self._open[state.id]
            self._say(sentence_of(event), state, event)

    async def record_tick(self, record: TickRecord, lease: Lease) -> tuple[str, ...]:
        """Store what a tick leaves behind."""
        changed = await self._journal.record_tick(record, lease)
        for audience in self._audiences:
            audience.looked(record, changed)
        return changed

    def _say(self, sentence: str, state: Replacement, event: Event) -> None:
        for audience in self._audiences:
            audience.happened(state, event)
        facts: dict[str, Any] = {name: event.facts[name] for name in TOLD if event.facts.get(name)}
        bad = event.kind is Kind.FAILED or facts.get("outcome") in ("failed", "unknown") or "left_behind" in facts
        log = self._log.warning if bad else self._log.info
        log(sentence, fleet=state.fleet, replacement_id=state.id, phase=state.phase.value, **facts)


def sentence_of(event: Event) -> str:
    """What happened, in a few words."""
    facts, step = event.facts, event.step or "undo"
    match event.kind:
        case Kind.STARTED:
            return f"{step} begins"
        case Kind.SUCCEEDED:
            return f"{step} is done"
        case Kind.FAILED:
            return f"{step} failed: {facts.get('reason', '')}"
        case Kind.CALLED:
            return f"{step} calls {facts['call']}"
        case Kind.RETURNED:
            return f"{facts['call']} returned: {facts['outcome']}"
        case Kind.CLOSED:
            return f"ended: {facts['outcome']}"
        case _:
            return f"{step} {event.kind}" if event.kind is Kind.UNDONE else str(event.kind)
