"""A replacement is the fold of its events, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from controller.domain.errors import IllegalTransition
from controller.domain.lifecycle import Kind, Outcome, Phase, Step, advance

KEPT = "evidence"
"""Among a call's arguments: what was kept of an instance before the call ended it. It is for the trace, can be large,
and is nothing that whoever goes on has to know."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    ordinal: 0, 1, 2 ... within the replacement. at: when it became true, by the daemon's clock.
    step: the step it belongs to; None for events about the whole replacement.
    facts: JSON values only. Keys by kind:
      accepted: fleet platform group zone predecessor causes urgent policy_hash by evidence (list of Evidence as JSON)
        config_hash config_version launch_image_id declared
        predecessor_facts (image_id, image_created_at, launched_at, attributes) scope serving desired
        observe_started_at observe_ended_at judge_ended_at
      called: call arguments ordinal       returned: call ordinal outcome (ok|failed|unknown) error code result
      succeeded: whatever the step found out (successor, successor_facts, verification, readings, timed_out ...)
      failed: reason error_type outcome    undone: reason      closed: outcome reason left_behind
      paused: reason      resumed: reason  continued: (nothing)
    """

    replacement_id: str
    ordinal: int
    at: datetime
    kind: Kind
    step: Step | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One mutating call: its journaled intent, and its outcome once that is journaled too.

    ordinal: position among the calls of the replacement, from 0. outcome: None (cut by a crash), ok, failed or unknown.
    """

    step: Step | None
    ordinal: int
    name: str
    arguments: Mapping[str, Any]
    called_at: datetime
    outcome: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_doubt(self) -> bool:
        """Perhaps it happened: the platform has to be asked."""
        return self.outcome is None or self.outcome == "unknown"


@dataclass(frozen=True, slots=True)
class Replacement:
    """One durable saga for one instance.

    causes: the names of the conditions it was accepted for. phase_since: when the present phase began.
    paused_seconds: how long holds stopped the present phase; deadlines do not run meanwhile.
    image_id: the successor's; until there is one, that which a launch would have used at acceptance.
    """

    id: str
    fleet: str
    group: str
    zone: str
    predecessor: str
    phase: Phase
    accepted_at: datetime
    phase_since: datetime
    facts: Mapping[str, Any]
    causes: tuple[str, ...] = ()
    policy_hash: str = ""
    successor: str | None = None
    image_id: str | None = None
    calls: tuple[Call, ...] = ()
    events: int = 1
    paused_at: datetime | None = None
    paused_seconds: float = 0.0
    total_paused_seconds: float = 0.0
    segment_since: datetime | None = None
    failure: Mapping[str, Any] | None = None
    verification: str | None = None
    drain_undone: bool = False
    outcome: Outcome | None = None
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still has to be driven."""
        return self.phase is not Phase.CLOSED

    @property
    def undoing(self) -> bool:
        """Whether it is on its way back."""
        return self.phase in (Phase.UNDOING, Phase.UNDONE)

    @property
    def error_type(self) -> str | None:
        """Why it failed, in one word; None while it has not."""
        return self.failure.get("error_type") if self.failure else None

    @property
    def predecessor_launched_at(self) -> datetime | None:
        """When its predecessor was launched, as far as acceptance knew."""
        launched_at = self.facts.get("predecessor_facts", {}).get("launched_at")
        return datetime.fromisoformat(launched_at) if launched_at else None

    def calls_of(self, name: str, *, undoing: bool = False) -> tuple[Call, ...]:
        """The calls of one operation so far, made on the way there or on the way back, oldest first."""
        return tuple(call for call in self.calls if call.name == name and (call.step is None) == undoing)

    @property
    def in_doubt(self) -> Call | None:
        """The newest call, when nobody knows whether it took effect."""
        return self.calls[-1] if self.calls and self.calls[-1].in_doubt else None

    def elapsed_seconds(self, now: datetime) -> float:
        """Seconds spent in the present phase, holds left out."""
        paused_now = _seconds_paused(self, now, self.phase_since)
        return (now - self.phase_since).total_seconds() - self.paused_seconds - paused_now

    def next_event(self, at: datetime, kind: Kind, step: Step | None = None, **facts: Any) -> Event:
        """An event that follows the last one; journal it, then `apply` it."""
        return Event(self.id, self.events, at, kind, step, facts)


def begin(event: Event) -> Replacement:
    """The replacement as its `accepted` event made it.

    Raises IllegalTransition when the event is of another kind.
    """
    if event.kind is not Kind.ACCEPTED:
        raise IllegalTransition(f"{event.replacement_id} begins with {event.kind}, not with accepted")
    facts = event.facts
    return Replacement(
        id=event.replacement_id,
        fleet=facts["fleet"],
        group=facts["group"],
        zone=facts["zone"],
        predecessor=facts["predecessor"],
        phase=Phase.ACCEPTED,
        accepted_at=event.at,
        phase_since=event.at,
        facts=facts,
        causes=tuple(facts["causes"]),
        policy_hash=facts["policy_hash"],
        image_id=facts.get("launch_image_id"),
        segment_since=event.at,
    )


def apply(state: Replacement, event: Event) -> Replacement:
    """The replacement after one more event.

    Raises IllegalTransition when the event does not follow the last one or the table forbids it.
    """
    if event.ordinal != state.events:
        raise IllegalTransition(f"{state.id}: event {event.ordinal} after {state.events - 1}")
    phase = advance(state.phase, event.step, event.kind)
    state = replace(state, events=state.events + 1)
    if phase is not state.phase:
        state = replace(state, phase=phase, phase_since=event.at, paused_seconds=0.0)
    return _absorb(state, event)


def _absorb(state: Replacement, event: Event) -> Replacement:
    facts = event.facts
    match event.kind:
        case Kind.CALLED:
            asked = {name: value for name, value in facts["arguments"].items() if name != KEPT}
            call = Call(event.step, facts["ordinal"], facts["call"], asked, event.at)
            return replace(state, calls=(*state.calls, call))
        case Kind.RETURNED:
            return _returned(state, facts)
        case Kind.SUCCEEDED:
            return replace(
                state,
                successor=facts.get("successor", state.successor),
                image_id=facts.get("successor_facts", {}).get("image_id", state.image_id),
                verification=facts.get("verification", state.verification),
            )
        case Kind.FAILED:
            return replace(state, failure=facts, verification=facts.get("verification", state.verification))
        case Kind.UNDONE:
            return replace(state, drain_undone=state.drain_undone or event.step is Step.DRAIN)
        case Kind.PAUSED:
            return replace(state, paused_at=event.at)
        case Kind.RESUMED:
            return _unpause(state, event.at)
        case Kind.CONTINUED:
            return replace(state, segment_since=event.at)
        case Kind.CLOSED:
            return replace(_unpause(state, event.at), outcome=Outcome(facts["outcome"]), closed_at=event.at)
        case _:
            return state


def _returned(state: Replacement, facts: Mapping[str, Any]) -> Replacement:
    if not state.calls:
        raise IllegalTransition(f"{state.id}: an outcome without a call")
    last = replace(state.calls[-1], outcome=facts["outcome"], result=facts.get("result") or {})
    return replace(state, calls=(*state.calls[:-1], last))


def _unpause(state: Replacement, at: datetime) -> Replacement:
    return replace(
        state,
        paused_at=None,
        paused_seconds=state.paused_seconds + _seconds_paused(state, at, state.phase_since),
        total_paused_seconds=state.total_paused_seconds + _seconds_paused(state, at, state.accepted_at),
    )


def _seconds_paused(state: Replacement, now: datetime, since: datetime) -> float:
    """How long the present pause has lasted, as far as it lies after `since`: a phase may begin during a pause."""
    return (now - max(state.paused_at, since)).total_seconds() if state.paused_at else 0.0


def fold(events: Iterable[Event]) -> Replacement:
    """The replacement that these events, in order, make.

    Raises IllegalTransition when they do not fit together.
    """
    iterator = iter(events)
    state = begin(next(iterator))
    for event in iterator:
        state = apply(state, event)
    return state
