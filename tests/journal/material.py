"""What journal tests are made of: events, leases, budgets, and a projector whose spans tell which event they are of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.domain.lifecycle import Kind, Outcome, Step
from controller.domain.ports import Budget, EncodedSpan, Lease, OpenedJournal, RefusalRecord
from controller.domain.replacement import Event, Replacement

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOMY = Budget(
    max_in_flight=1000,
    replacements_per_hour=1000,
    replacements_per_hour_everywhere=1000,
    stop_after_failures=1000,
)
Move = tuple[Kind, Step | None, dict[str, Any]]


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def accepted(
    replacement_id: str = "r-1", *, fleet: str = "web", predecessor: str = "i-old", at: datetime = NOON, **facts: Any
) -> Event:
    given = {
        "fleet": fleet,
        "group": f"{fleet}-group",
        "zone": "eu-west-1a",
        "predecessor": predecessor,
        "causes": ["disk filling"],
        "policy_hash": "abc123",
        # Each onto an image of its own: a canary is in nobody's way, unless a test is about that.
        "launch_image_id": f"ami-for-{replacement_id}",
        **facts,
    }
    return Event(replacement_id, 0, at, Kind.ACCEPTED, None, given)


def happy(successor: str) -> list[Move]:
    """Everything from acceptance to a good end."""
    return [
        (Kind.STARTED, Step.LAUNCH, {}),
        (Kind.CALLED, Step.LAUNCH, {"call": "autoscaling.SetDesiredCapacity", "ordinal": 0, "arguments": {"to": 9}}),
        (Kind.RETURNED, Step.LAUNCH, {"call": "autoscaling.SetDesiredCapacity", "ordinal": 0, "outcome": "ok"}),
        (Kind.SUCCEEDED, Step.LAUNCH, {"successor": successor}),
        (Kind.STARTED, Step.AWAIT_READY, {}),
        (Kind.SUCCEEDED, Step.AWAIT_READY, {}),
        (Kind.STARTED, Step.VERIFY, {}),
        (Kind.SUCCEEDED, Step.VERIFY, {"verification": "improved"}),
        (Kind.STARTED, Step.DRAIN, {}),
        (Kind.SUCCEEDED, Step.DRAIN, {}),
        (Kind.STARTED, Step.TERMINATE, {}),
        (Kind.SUCCEEDED, Step.TERMINATE, {}),
        (Kind.CLOSED, None, {"outcome": Outcome.REPLACED}),
    ]


def unhappy(outcome: Outcome) -> list[Move]:
    """The shortest way to an end without a new instance."""
    return [
        (Kind.FAILED, Step.LAUNCH, {"reason": "no capacity", "error_type": "no_capacity"}),
        (Kind.UNDONE, Step.LAUNCH, {"reason": "nothing to undo"}),
        (Kind.CLOSED, None, {"outcome": outcome}),
    ]


def worse(successor: str) -> list[Move]:
    """A successor that did not prove itself, and went again."""
    return [
        *happy(successor)[:7],
        (Kind.FAILED, Step.VERIFY, {"reason": "worse", "error_type": "worse", "verification": "worse"}),
        (Kind.UNDONE, Step.LAUNCH, {}),
        (Kind.CLOSED, None, {"outcome": Outcome.FAILED}),
    ]


def to_end(outcome: Outcome, successor: str = "i-new") -> list[Move]:
    return happy(successor) if outcome is Outcome.REPLACED else unhappy(outcome)


def following(replacement_id: str, ordinal: int, moves: Sequence[Move], at: datetime = NOON) -> list[Event]:
    """These moves as events, the first of them with this ordinal."""
    return [Event(replacement_id, ordinal + n, at, kind, step, facts) for n, (kind, step, facts) in enumerate(moves)]


async def lease_of(journal: OpenedJournal, fleet: str = "web", owner: str = "d-1", at: datetime = NOON) -> Lease:
    lease = await journal.acquire(fleet, owner, 3600 * 24, at)
    assert lease is not None
    return lease


async def begun(journal: OpenedJournal, lease: Lease, event: Event | None = None) -> Replacement:
    """A replacement that was accepted without a budget in the way."""
    got = await journal.accept(event or accepted(fleet=lease.fleet), lease, ROOMY)
    assert isinstance(got, Replacement), got
    return got


async def ended(
    journal: OpenedJournal, lease: Lease, replacement_id: str, outcome: Outcome, at: datetime = NOON
) -> None:
    """A replacement of that id, from acceptance to its end."""
    await begun(
        journal,
        lease,
        accepted(replacement_id, fleet=lease.fleet, predecessor=f"old-of-{replacement_id}", at=at),
    )
    moves = to_end(outcome, f"new-of-{replacement_id}")
    await journal.append(following(replacement_id, 1, moves, at), lease)


def span_key(event: Event) -> str:
    return f"{event.replacement_id}/{event.ordinal}"


class EventSpans:
    """One span per event, which says which event it is of and how many were before it."""

    def replacement(self, history: Sequence[Event], new: Sequence[Event]) -> tuple[EncodedSpan, ...]:
        for ordinal, event in enumerate((*history, *new)):
            assert event.ordinal == ordinal, "the projector gets the whole story, in order"
        return tuple(EncodedSpan(span_key(event), f"{span_key(event)} {event.kind}".encode()) for event in new)

    def refusal(self, fleet: str, record: RefusalRecord, at: datetime) -> tuple[EncodedSpan, ...]:
        key = f"hold/{fleet}/{record.instance_id}/{at.isoformat()}"
        return (EncodedSpan(key, ",".join(record.rules).encode()),)


class BrokenSpans:
    """A projector with a fault in it."""

    def replacement(self, history: Sequence[Event], new: Sequence[Event]) -> tuple[EncodedSpan, ...]:
        raise RuntimeError("the projector broke")

    def refusal(self, fleet: str, record: RefusalRecord, at: datetime) -> tuple[EncodedSpan, ...]:
        raise RuntimeError("the projector broke")
