"""What was seen once and does not pass: a container that somebody ran a command in is no longer what was declared, even
when its source knows nothing of that any more, has begun anew, or cannot be read. Pure; the journal keeps what is seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from controller.decide.runs import bad
from controller.domain.memory import Seen
from controller.domain.model import Instance, Reading, Signal, Snapshot, Unknown
from controller.domain.policy import Condition, Policy
from controller.domain.words import moment_words

Seens = Mapping[tuple[str, str], Seen]
"""By instance id and condition name."""


def recalled(snapshot: Snapshot, policy: Policy) -> dict[tuple[str, str], Seen]:
    """The breaches of lasting conditions that nothing shows at present, and that stand all the same.

    Only of members, and only where the condition still asks for the same: what a changed declaration says of an
    instance is read anew.
    """
    return {
        (instance.id, condition.name): seen
        for instance, condition in _lasting(snapshot, policy)
        if (seen := snapshot.memory.seen.get((instance.id, condition.name))) is not None
        and seen.asked == _asked(condition)
        and not _breaching(snapshot.signal(instance.id, condition.name), condition)
    }


def with_recalled(snapshot: Snapshot, seens: Seens) -> Snapshot:
    """The same sight, with what was seen earlier in the place of what is (or is not) read now."""
    if not seens:
        return snapshot
    told = {
        key: Signal((Reading(seen.value, seen.measured_at),), seen.query, samples=seen.samples)
        for key, seen in seens.items()
    }
    return replace(snapshot, signals={**snapshot.signals, **told})


def to_remember(snapshot: Snapshot, policy: Policy) -> dict[tuple[str, str], Seen]:
    """What the next tick has to know: every breach of a lasting condition, seen now or recalled."""
    return {
        (instance.id, condition.name): Seen(
            found.latest.value, found.latest.measured_at, found.query, found.samples, _asked(condition)
        )
        for instance, condition in _lasting(snapshot, policy)
        if isinstance(found := snapshot.signal(instance.id, condition.name), Signal) and _breaching(found, condition)
    }


def words(seen: Seen, snapshot: Snapshot, instance_id: str, condition: str) -> str:
    """Why a breach stands that nothing shows at present: when it was seen, and what is read now."""
    present = snapshot.signal(instance_id, condition)
    now = f"unknown ({present.reason})" if isinstance(present, Unknown) else str(present.latest.value)
    return f"seen {moment_words(seen.measured_at, snapshot.now)}; it does not pass, though it reads {now} now"


def _lasting(snapshot: Snapshot, policy: Policy) -> Iterator[tuple[Instance, Condition]]:
    for condition in policy.conditions:
        if condition.lasting:
            for instance in snapshot.inventory.instances:
                yield instance, condition


def _breaching(signal: Signal | Unknown, condition: Condition) -> bool:
    return isinstance(signal, Signal) and bad(signal.latest.value, condition)


def _asked(condition: Condition) -> str:
    """A fingerprint of what the condition asks for."""
    return sha256(f"{condition.probe} {condition.options!r} {condition.threshold}".encode()).hexdigest()[:12]
