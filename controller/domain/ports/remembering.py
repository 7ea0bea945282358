"""What keeps the truth, and how it leaves the house as spans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from controller.domain.memory import Memory
from controller.domain.model import Breaker, Hold
from controller.domain.past import History
from controller.domain.policy import Cooldown, Policy
from controller.domain.replacement import Event, Replacement
from controller.domain.request import Abort, Request
from controller.domain.veto import Veto


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on one fleet. token: grows with every change of owner; writes under an older one are refused."""

    fleet: str
    owner: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """A daemon that is there. fleets: of its configuration. since: from when on it has been there without a gap."""

    owner: str
    fleets: frozenset[str]
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """What the accepting transaction checks again. Counts are already resolved from shares.

    What follows from the past (canary, an image set aside, cooldown) the journal knows by itself.
    """

    max_in_flight: int
    replacements_per_hour: int
    replacements_per_hour_everywhere: int
    stop_after_failures: int
    cooldown: Cooldown = field(default_factory=Cooldown)


@dataclass(frozen=True, slots=True)
class TickRecord:
    """What one tick leaves behind: memory for the next, a report for people, and changed refusals for the trace.

    report: the fleet's part of `plan --json`. refusals: instance id -> (veto ids, facts for the trace); only instances
    that are refused now. Which of them changed since the last tick is for the journal to find.
    proposed: what a person is asked to approve from now on. withdrawn: request id -> why it does not stand any more.
    """

    fleet: str
    at: datetime
    sentence: str
    memory: Memory
    report: Mapping[str, Any]
    refusals: Mapping[str, "RefusalRecord"] = field(default_factory=dict)
    proposed: tuple[Request, ...] = ()
    withdrawn: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """Why one instance waits. `facts` (verdict, evidence, vetoes as JSON, scope) go into the refusal's trace."""

    instance_id: str
    rules: tuple[str, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lifted:
    """The end of a hold. by: who ended it."""

    by: str
    at: datetime


class Journal(Protocol):
    """The append-only truth. Every method is one transaction. Raises JournalUnavailable when it cannot be reached,
    LeaseLost when the given lease is no longer the newest for its fleet or has expired."""

    async def acquire(self, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
        """Take or renew the lease; None while another owner's is valid."""

    async def release(self, lease: Lease) -> None:
        """Give the lease up at once, if it is still ours."""

    async def holder(self, fleet: str) -> Lease | None:
        """Whose lease it is, expired or not; None when nobody ever had it."""

    async def leases(self) -> tuple[Lease, ...]:
        """The lease of every fleet that ever had one, expired or not, by fleet name. One that was released has long
        expired. Asked every few seconds by every daemon: one cheap read."""

    async def announce(self, owner: str, fleets: frozenset[str], ttl_seconds: float, now: datetime) -> None:
        """Say that this daemon is there, for so long from now on. `since` stays as it was while it has not run out,
        and is now otherwise. Never shortens what it said before. Gives no right to anything: leases do."""

    async def present(self, now: datetime) -> tuple[Presence, ...]:
        """The daemons that are there: announced and not run out, by owner. One that ran out may be forgotten."""

    async def leave(self, owner: str) -> None:
        """This daemon is not there any more; said twice, it is so already."""

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        """Insert the `accepted` event when, in this transaction, no hold applies, every budget has room and the
        predecessor has no open replacement; otherwise say why not. What a person has to approve (the event's facts
        say `request`, or mode ask) needs an approved request of this id that still stands, and ends it."""

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        """Append, with the spans that these events complete. A `called` event is refused with Held while a hold
        applies to its replacement (all, its fleet, its predecessor or successor). An abort refuses every call but
        those of the way back, and lets these through whatever is held."""

    async def open_replacements(self, fleet: str | None = None) -> tuple[Replacement, ...]:
        """All that are not closed, oldest first."""

    async def replacements(self, limit: int = 50) -> tuple[Replacement, ...]:
        """The newest, open or closed, newest first."""

    async def events(self, replacement_id: str) -> tuple[Event, ...]:
        """The whole story of one replacement; empty when there is none of that id."""

    async def history(self, fleet: str, now: datetime) -> History:
        """What limits need to know."""

    async def memory(self, fleet: str) -> Memory:
        """What the last tick left; empty at first."""

    async def record_tick(self, record: TickRecord, lease: Lease) -> tuple[str, ...]:
        """Store memory, report and refusals, with a trace for each refusal whose set of vetoes changed; returns the
        instance ids of those. Requests of the fleet whose time is over end, and so do those withdrawn; what is
        proposed is kept for an instance that has no other open request."""

    async def reports(self) -> tuple[TickRecord, ...]:
        """The newest record of every fleet, by fleet name (memory left empty)."""

    async def holds(self, now: datetime) -> tuple[Hold, ...]:
        """The holds in force."""

    async def hold(self, hold: Hold) -> None:
        """Put a hold in force, replacing one of the same scope."""

    async def resume(self, scope: str, by: str, at: datetime) -> int:
        """End the holds of this scope, close its breakers and forget its failures in a row; returns how many holds
        and breakers that ended. Scope `all` means every fleet."""

    async def hold_on(self, replacement: Replacement, at: datetime) -> Hold | None:
        """The hold that forbids its next call: over all, its fleet or one of its instances. None for one that was in
        force before a person said abort."""

    async def lifted(self, replacement: Replacement, since: datetime) -> Lifted | None:
        """Who ended the hold over it that was the last to end after `since`; None when that ran out by itself."""

    async def requests(self, now: datetime, fleet: str | None = None) -> tuple[Request, ...]:
        """What was proposed or asked for and still stands, oldest first."""

    async def all_requests(self, limit: int = 50) -> tuple[Request, ...]:
        """The newest, whether they stand or have ended, newest first."""

    async def request(self, request_id: str) -> Request | None:
        """The one of this id, whether it stands or has ended."""

    async def approve(self, request_id: str, by: str, at: datetime) -> Request:
        """Say yes to a proposal; the yes stands for an hour. Raises KeyError when there is none of that id, Conflict
        when it was approved already or has ended."""

    async def ask(self, request: Request) -> Request:
        """Keep what a person asks for; it takes the place of a proposal for that instance. Raises Conflict when the
        instance has an open replacement, or somebody asked before."""

    async def abort(self, word: Abort) -> Request | Replacement:
        """Turn back: end a request that stands at once, or have an open replacement undone. What it was about. Raises
        KeyError when nothing has that id, Conflict when it has ended, was aborted before, or is too late."""

    async def aborted(self, replacement_id: str) -> Abort | None:
        """The word that turned a replacement back, if there is one."""

    async def breakers(self, fleet: str) -> tuple[Breaker, ...]:
        """The breakers that are open."""

    async def open_breaker(self, breaker: Breaker, lease: Lease) -> None:
        """Open a breaker; one that is open already for the same image stays as it was, for another it is followed."""

    async def close_breaker(self, breaker: Breaker, by: str, at: datetime, lease: Lease) -> None:
        """Close a breaker, if it is still that one; by: the proof, in words."""

    async def save_policy(self, policy: Policy) -> None:
        """Keep a policy's document under its hash, so that open replacements can keep it."""

    async def policy_document(self, policy_hash: str) -> str | None:
        """The document of that hash."""

    async def let_go(self, before: datetime) -> int:
        """Let go of replacements that closed before that moment, each whole, with its events, and of what else ended
        before it; a bounded number at once. Returns how many replacements that were. What limits still count stays,
        however old: failures in a row, the success that ended the last row, resumes, breakers that are open."""

    async def healthy(self) -> bool:
        """Whether the journal can be read now."""


class Outbox(Protocol):
    """Spans on their way out: encoded once, delivered at least once with identical bytes."""

    async def pending(self, limit: int) -> Sequence[tuple[int, bytes, datetime]]:
        """The oldest undelivered (id, OTLP bytes, created_at)."""

    async def delivered(self, ids: Sequence[int], at: datetime) -> None:
        """Mark as delivered."""

    async def poisoned(self, outbox_id: int, error: str, at: datetime) -> None:
        """Mark as refused for good by the backend; it is counted and still drawn locally."""


class OpenedJournal(Journal, Outbox, Protocol):
    """A journal with its outbox, as one opened place that can be closed. Each kind of journal is one of these."""

    async def outbox_size(self) -> int:
        """How many spans wait to be delivered."""

    async def aclose(self) -> None:
        """Close it, after what was asked before. It is not used again."""


@dataclass(frozen=True, slots=True)
class EncodedSpan:
    """One finished span as OTLP bytes (an ExportTraceServiceRequest). key: unique for ever; the same event always
    gives the same key and the same bytes."""

    key: str
    body: bytes


class Projector(Protocol):
    """Turns events into spans, purely."""

    def replacement(self, history: Sequence[Event], new: Sequence[Event]) -> tuple[EncodedSpan, ...]:
        """The spans that `new` completes, given all events before them."""

    def refusal(self, fleet: str, record: RefusalRecord, at: datetime) -> tuple[EncodedSpan, ...]:
        """The trace of one refusal."""
