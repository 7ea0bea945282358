"""The state machine of a replacement, whole, as one table. Live running and recovery both go through `advance`.

The diagram in docs/lifecycle.md is generated from TABLE.
"""

from enum import StrEnum

from controller.domain.errors import IllegalTransition


class Step(StrEnum):
    """What has to be done for one replacement, in this order; each platform realises it."""

    LAUNCH = "launch"
    AWAIT_READY = "await_ready"
    VERIFY = "verify"
    DRAIN = "drain"
    TERMINATE = "terminate"


class Kind(StrEnum):
    """What an event says. The first four are about a step; called and returned about one mutating call within it."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDONE = "undone"
    ACCEPTED = "accepted"
    CALLED = "called"
    RETURNED = "returned"
    PAUSED = "paused"
    RESUMED = "resumed"
    CONTINUED = "continued"
    CLOSED = "closed"


class Phase(StrEnum):
    """Where a replacement stands."""

    ACCEPTED = "accepted"
    LAUNCHING = "launching"
    LAUNCHED = "launched"
    AWAITING_READY = "awaiting_ready"
    READY = "ready"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    DRAINING = "draining"
    DRAINED = "drained"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    UNDOING = "undoing"
    UNDONE = "undone"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a replacement ended."""

    REPLACED = "replaced"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    ABORTED = "aborted"


# (phase, step or None, kind) -> next phase. What is not here is illegal.
TABLE: dict[tuple[Phase, Step | None, Kind], Phase] = {
    (Phase.ACCEPTED, Step.LAUNCH, Kind.STARTED): Phase.LAUNCHING,
    (Phase.LAUNCHING, Step.LAUNCH, Kind.SUCCEEDED): Phase.LAUNCHED,
    (Phase.LAUNCHED, Step.AWAIT_READY, Kind.STARTED): Phase.AWAITING_READY,
    # The platform replaced our newcomer by itself and we adopt its replacement.
    (Phase.AWAITING_READY, Step.LAUNCH, Kind.SUCCEEDED): Phase.AWAITING_READY,
    (Phase.AWAITING_READY, Step.AWAIT_READY, Kind.SUCCEEDED): Phase.READY,
    (Phase.READY, Step.VERIFY, Kind.STARTED): Phase.VERIFYING,
    (Phase.VERIFYING, Step.VERIFY, Kind.SUCCEEDED): Phase.VERIFIED,
    (Phase.VERIFIED, Step.DRAIN, Kind.STARTED): Phase.DRAINING,
    (Phase.DRAINING, Step.DRAIN, Kind.SUCCEEDED): Phase.DRAINED,
    (Phase.DRAINED, Step.TERMINATE, Kind.STARTED): Phase.TERMINATING,
    (Phase.TERMINATING, Step.TERMINATE, Kind.SUCCEEDED): Phase.TERMINATED,
    (Phase.TERMINATED, None, Kind.CLOSED): Phase.CLOSED,
    # Each step that can fail leads to the way back; so does the look before a step, as that step's failure, and so does
    # a person's abort in any phase, as the failure of the step that was next.
    (Phase.ACCEPTED, Step.LAUNCH, Kind.FAILED): Phase.UNDOING,
    (Phase.LAUNCHING, Step.LAUNCH, Kind.FAILED): Phase.UNDOING,
    (Phase.LAUNCHED, Step.AWAIT_READY, Kind.FAILED): Phase.UNDOING,
    (Phase.AWAITING_READY, Step.AWAIT_READY, Kind.FAILED): Phase.UNDOING,
    (Phase.READY, Step.VERIFY, Kind.FAILED): Phase.UNDOING,
    (Phase.VERIFYING, Step.VERIFY, Kind.FAILED): Phase.UNDOING,
    (Phase.VERIFIED, Step.DRAIN, Kind.FAILED): Phase.UNDOING,
    (Phase.DRAINING, Step.DRAIN, Kind.FAILED): Phase.UNDOING,
    (Phase.DRAINED, Step.TERMINATE, Kind.FAILED): Phase.UNDOING,
    (Phase.TERMINATING, Step.TERMINATE, Kind.FAILED): Phase.UNDOING,
    (Phase.UNDOING, Step.DRAIN, Kind.UNDONE): Phase.UNDOING,
    (Phase.UNDOING, Step.LAUNCH, Kind.UNDONE): Phase.UNDONE,
    (Phase.UNDONE, None, Kind.CLOSED): Phase.CLOSED,
    # An undo that cannot be finished is closed as failed and says what it left behind.
    (Phase.UNDOING, None, Kind.CLOSED): Phase.CLOSED,
}

ASIDE = frozenset({Kind.CALLED, Kind.RETURNED, Kind.PAUSED, Kind.RESUMED, Kind.CONTINUED})
"""Kinds that may come in any open phase and move nothing."""

NEXT_STEP: dict[Phase, Step] = {
    Phase.ACCEPTED: Step.LAUNCH,
    Phase.LAUNCHING: Step.LAUNCH,
    Phase.LAUNCHED: Step.AWAIT_READY,
    Phase.AWAITING_READY: Step.AWAIT_READY,
    Phase.READY: Step.VERIFY,
    Phase.VERIFYING: Step.VERIFY,
    Phase.VERIFIED: Step.DRAIN,
    Phase.DRAINING: Step.DRAIN,
    Phase.DRAINED: Step.TERMINATE,
    Phase.TERMINATING: Step.TERMINATE,
}
"""The step that an open phase is waiting for or in; the undoing phases have none."""

IN_STEP = frozenset(
    {Phase.LAUNCHING, Phase.AWAITING_READY, Phase.VERIFYING, Phase.DRAINING, Phase.TERMINATING},
)
"""Phases whose step has started: `started` is journaled, an outcome is not."""


def advance(phase: Phase, step: Step | None, kind: Kind) -> Phase:
    """The phase after an event.

    Raises IllegalTransition when the table has no row for it.
    """
    if phase is Phase.CLOSED:
        raise IllegalTransition(f"{kind} after the replacement was closed")
    if kind in ASIDE:
        return phase
    try:
        return TABLE[(phase, step, kind)]
    except KeyError:
        what = f"{step} {kind}" if step else str(kind)
        raise IllegalTransition(f"{what} is not allowed in phase {phase}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/lifecycle.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.ACCEPTED}"]
    for (phase, step, kind), after in TABLE.items():
        label = f"{step} {kind}" if step else str(kind)
        lines.append(f"    {phase} --> {after}: {label}")
    lines.append(f"    {Phase.CLOSED} --> [*]")
    return "\n".join(lines) + "\n"
