"""What the core asks of the world. Adapters implement these; only `app` puts the two together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from controller.domain.model import (
    Breaker,
    History,
    Hold,
    Instance,
    Inventory,
    Memory,
    Signal,
    Target,
    Unknown,
)
from controller.domain.policy import Condition, Policy, Threshold
from controller.domain.replacement import Event, Replacement
from controller.domain.veto import Veto

T = TypeVar("T")


class Clock(Protocol):
    """The only source of time, waiting and ids."""

    def now(self) -> datetime:
        """The present, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancellable."""

    def new_id(self, prefix: str) -> str:
        """A fresh unique id such as `r-7f3a9c21d0`."""


class Resources(Protocol):
    """Shared clients (AWS, HTTP, an engine): made at first use, one of each kind, closed with the application."""

    def get(self, kind: type[T]) -> T:
        """The one client of this kind."""


# --- acting ----------------------------------------------------------------------------------------------------------


class Mutate(Protocol):
    """The one gate that every mutating call passes: it checks lease and holds, journals the intent, performs, and
    journals the outcome, in this order.

    Raises Held or LeaseLost before anything happened; PlatformError from the call itself, already journaled.
    """

    async def __call__(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        """Perform one mutating call. `arguments` (JSON values): what recovery needs to find out whether it happened."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a platform gets to realise one step of one replacement.

    replacement: where it stands, its own calls included. others: the other open replacements of the fleet, so that
    a newcomer is claimed once.
    """

    replacement: Replacement
    others: tuple[Replacement, ...]
    mutate: Mutate
    now: datetime

    @property
    def claimed(self) -> frozenset[str]:
        """Ids that belong to other open replacements: their predecessors and successors."""
        ids = {other.predecessor for other in self.others}
        return frozenset(ids | {other.successor for other in self.others if other.successor})


@dataclass(frozen=True, slots=True)
class Done:
    """The step is complete. `facts` go into its `succeeded` event (successor, successor_facts ...)."""

    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The step needs time. `reason` is shown to people; None leaves the pause to the policy's poll_seconds."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The step cannot be completed. It fails with this, and the way back begins.

    outcome: how the replacement shall end once it is undone (failed, superseded or aborted).
    """

    reason: str
    error_type: str
    outcome: str = "failed"


Progress = Done | Waiting | Refused


class Platform(Protocol):
    """What runs fleets. Every method is one look or one small advance: it returns soon, never sleeps, and can be called
    again after a crash at any point, because what it did before is in `work.replacement.calls`.

    Vendor errors are raised as PlatformError. All mutations go through `work.mutate`.
    """

    async def inventory(self) -> Inventory:
        """The fleet as it is now, in few calls."""

    async def launch(self, work: Work) -> Progress:
        """Bring up one more instance; Done names it: facts `successor`, `successor_facts` (zone, image_id ...)."""

    async def await_ready(self, work: Work) -> "Progress | Adopted":
        """Done when the successor is in service and healthy everywhere. Adopted when the platform replaced our
        newcomer by itself: its replacement is the successor from now on."""

    async def drain(self, work: Work) -> Progress:
        """Take the predecessor out of its balancers and wait for its connections; Done facts `drained_seconds`."""

    async def terminate(self, work: Work) -> Progress:
        """End the predecessor together with our surge of one."""

    async def undo(self, work: Work) -> Progress:
        """Give back what was done: a drained predecessor serves again, the surge of one goes, capacity stays."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """In await_ready: the platform replaced our newcomer by itself, and this one is now the successor."""

    successor: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class LoadBalancer(Protocol):
    """What sends traffic to instances. One object serves many balancers of one kind, named by id."""

    async def targets(self, balancer: str) -> Mapping[str, Target]:
        """What the balancer says of each registered instance, by instance id."""

    async def register(self, balancer: str, instance_id: str, mutate: Mutate) -> None:
        """Send traffic to an instance (again)."""

    async def deregister(self, balancer: str, instance_id: str, mutate: Mutate) -> None:
        """Stop sending new traffic to an instance; connections in flight may end."""


# --- seeing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """One question for a whole fleet: the readings of one condition, `at` an instant."""

    condition: Condition
    inventory: Inventory
    instances: tuple[Instance, ...]
    at: datetime


class Probe(Protocol):
    """Reads one kind of telemetry for a whole fleet in one query."""

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """A Signal or an Unknown per instance id. An id that is left out counts as Unknown("no row").

        Raises PlatformError when the source as a whole could not be read.
        """


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What a file in `probes/` exports as PROBE.

    name: the key in the configuration. options: the pydantic model of its options (frozen). unit: of its values.
    threshold: what counts as a breach when the probe knows by itself; None where the operator must say.
    history: whether the source keeps history; without it, `for` counts uninterrupted ticks.
    build: makes the reader from the source's options (None without a source), the fleet's platform options and clients.
    """

    name: str
    options: type[Any]
    build: Callable[[object, object, Resources], Probe]
    summary: str
    threshold: Threshold | None = None
    unit: str = ""
    history: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """What a file in `controller/platforms/` exports as PLATFORM. name: the key in a fleet's configuration."""

    name: str
    options: type[Any]
    build: Callable[[Any, Resources], Platform]
    summary: str


# --- remembering -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on one fleet. token: grows with every change of owner; writes under an older one are refused."""

    fleet: str
    owner: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """What the accepting transaction checks again. Counts are already resolved from shares."""

    max_in_flight: int
    replacements_per_hour: int
    replacements_per_hour_everywhere: int
    stop_after_failures: int


@dataclass(frozen=True, slots=True)
class TickRecord:
    """What one tick leaves behind: memory for the next, a report for people, and changed refusals for the trace.

    report: the fleet's part of `plan --json`. refusals: instance id -> (veto ids, facts for the trace); only instances
    that are refused now. Which of them changed since the last tick is for the journal to find.
    """

    fleet: str
    at: datetime
    sentence: str
    memory: Memory
    report: Mapping[str, Any]
    refusals: Mapping[str, "RefusalRecord"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """Why one instance waits. `facts` (verdict, evidence, vetoes as JSON, scope) go into the refusal's trace."""

    instance_id: str
    rules: tuple[str, ...]
    facts: Mapping[str, Any]


class Journal(Protocol):
    """The append-only truth. Every method is one transaction. Raises JournalUnavailable when it cannot be reached,
    LeaseLost when the given lease is no longer the newest for its fleet or has expired."""

    async def acquire(self, fleet: str, owner: str, ttl_seconds: float, now: datetime) -> Lease | None:
        """Take or renew the lease; None while another owner's is valid."""

    async def release(self, lease: Lease) -> None:
        """Give the lease up at once, if it is still ours."""

    async def holder(self, fleet: str) -> Lease | None:
        """Whose lease it is, expired or not; None when nobody ever had it."""

    async def accept(self, event: Event, lease: Lease, budget: Budget) -> Replacement | tuple[Veto, ...]:
        """Insert the `accepted` event when, in this transaction, no hold applies, every budget has room and the
        predecessor has no open replacement; otherwise say why not."""

    async def append(self, events: Sequence[Event], lease: Lease) -> None:
        """Append, with the spans that these events complete. A `called` event is refused with Held while a hold
        applies to its replacement (all, its fleet, its predecessor or successor)."""

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
        instance ids of those."""

    async def reports(self) -> tuple[TickRecord, ...]:
        """The newest record of every fleet, by fleet name (memory left empty)."""

    async def holds(self, now: datetime) -> tuple[Hold, ...]:
        """The holds in force."""

    async def hold(self, hold: Hold) -> None:
        """Put a hold in force, replacing one of the same scope."""

    async def resume(self, scope: str, by: str, at: datetime) -> int:
        """End the holds of this scope, close its breakers and forget its failures in a row; returns how many holds
        and breakers that ended. Scope `all` means every fleet."""

    async def breakers(self, fleet: str) -> tuple[Breaker, ...]:
        """The breakers that are open."""

    async def open_breaker(self, breaker: Breaker, lease: Lease) -> None:
        """Open a breaker; one that is open already stays as it was."""

    async def save_policy(self, policy: Policy) -> None:
        """Keep a policy's document under its hash, so that open replacements can keep it."""

    async def policy_document(self, policy_hash: str) -> str | None:
        """The document of that hash."""

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


class Schedule(Protocol):
    """Fires a fleet's next tick once, at a time; setting it again replaces what was set."""

    def at(self, fleet: str, when: datetime) -> None:
        """Tick this fleet at that time (or at once, if it is past)."""


Policies = Callable[[str], Awaitable[Policy | None]]
"""The policy of that hash, rebuilt from the journal; None when it is unknown."""


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
