"""Looking again before the irreversible: is it still ours, still bad, still replaceable, and can we spare it?"""

from dataclasses import dataclass

from controller.decide.rules.capacity_floor import spare
from controller.domain.model import Instance, InstanceState, Snapshot
from controller.domain.policy import Policy
from controller.domain.replacement import Replacement
from controller.domain.request import REQUESTED
from controller.domain.verdict import EvidenceOutcome, Judgement
from controller.domain.veto import Needs, Veto

STOPPING = frozenset({"protected", "stateful", "managed_elsewhere", "unsupported_group"})
"""What a platform may say of a predecessor or its group after acceptance that turns us back."""

DELAYING = frozenset({"platform_busy", "held"})
"""What it may say that makes us wait."""


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing stands in the way."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. The step's deadline ends the wait."""

    veto: Veto


@dataclass(frozen=True, slots=True)
class TurnBack:
    """Not any more: undo. outcome: how the replacement ends (aborted, superseded or failed)."""

    reason: str
    error_type: str
    outcome: str


Look = Go | Wait | TurnBack


def before_launch(snapshot: Snapshot, judgement: Judgement, replacement: Replacement) -> Look:
    """The look at evidence that has aged since acceptance (a crash, a hold, a slow hand-over came between)."""
    predecessor = snapshot.inventory.instance(replacement.predecessor)
    gone = _gone(predecessor, replacement)
    if gone or predecessor is None:
        return gone or Go()
    return _stopped(snapshot, predecessor) or _recovered(judgement, replacement) or Go()


def before_drain(snapshot: Snapshot, judgement: Judgement, replacement: Replacement, policy: Policy) -> Look:
    """The last look at a predecessor that still has traffic to judge it by, and at its successor."""
    predecessor = snapshot.inventory.instance(replacement.predecessor)
    gone = _gone(predecessor, replacement)
    if gone or predecessor is None:
        return gone or Go()
    return (
        _successor_lost(snapshot, replacement)
        or _stopped(snapshot, predecessor)
        or _recovered(judgement, replacement)
        or _spared(snapshot, replacement, policy)
        or Go()
    )


def before_terminate(snapshot: Snapshot, replacement: Replacement) -> Look:
    """The look at a drained predecessor: it has no traffic left, so its signals say nothing any more."""
    predecessor = snapshot.inventory.instance(replacement.predecessor)
    gone = _gone(predecessor, replacement)
    if gone or predecessor is None:
        return gone or Go()
    return _successor_lost(snapshot, replacement) or _stopped(snapshot, predecessor) or Go()


def standing(instance: Instance) -> str:
    """What keeps an instance from serving, in words."""
    states = [f"{target.state} {target.reason}".strip() for target in instance.targets if target.state != "healthy"]
    return ", ".join(states) or "its own checks fail"


def _gone(predecessor: Instance | None, replacement: Replacement) -> TurnBack | None:
    if predecessor is not None and not predecessor.leaving and predecessor.group == replacement.group:
        return None
    reason = f"{replacement.predecessor} left the group without us"
    return TurnBack(reason, "predecessor_gone", "superseded")


def _successor_lost(snapshot: Snapshot, replacement: Replacement) -> Look | None:
    """A successor that left service turns back; one that does not serve, or cannot be seen to, has to serve first."""
    successor = snapshot.inventory.instance(replacement.successor or "")
    if successor is None or successor.state is not InstanceState.IN_SERVICE:
        reason = f"the successor {replacement.successor} is no longer in service"
        return TurnBack(reason, "successor_lost", "failed")
    if not successor.serving:
        reason = f"the successor {successor.id} does not serve: {standing(successor)}"
        return Wait(Veto("capacity_floor", reason, Needs.WORLD))
    return None


def _stopped(snapshot: Snapshot, predecessor: Instance) -> Look | None:
    group = snapshot.inventory.group(predecessor.group)
    for veto in (*predecessor.vetoes, *(group.vetoes if group else ())):
        if veto.rule in STOPPING:
            return TurnBack(f"{veto.rule}: {veto.reason}", veto.rule, "aborted")
        if veto.rule in DELAYING:
            return Wait(veto)
    return None


def _recovered(judgement: Judgement, replacement: Replacement) -> Look | None:
    """Still bad on the same rule goes on; all rules fine again turns back; not seen waits. What a person asked for goes
    on: it was not for a rule."""
    if REQUESTED in replacement.causes:
        return None
    verdict = judgement.verdicts.get(replacement.predecessor)
    items = [item for item in (verdict.evidence if verdict else ()) if item.rule in replacement.causes]
    if any(item.outcome is EvidenceOutcome.BREACHED for item in items):
        return None
    unknown = next((item for item in items if item.outcome is EvidenceOutcome.UNKNOWN), None)
    if unknown or not items:
        reason = f"{unknown.rule}: {unknown.reason}" if unknown else "its rules are not read any more"
        return Wait(Veto("blind", reason, Needs.WORLD))
    return TurnBack(f"{replacement.predecessor} has recovered", "recovered", "aborted")


def _spared(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> Wait | None:
    veto = spare(replacement, snapshot, policy)
    return Wait(veto) if veto else None
