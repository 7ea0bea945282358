"""Has the successor proved itself? Per cause, on what was measured in its own life."""

from datetime import datetime, timedelta
from enum import StrEnum

from controller.decide.looks import standing
from controller.domain.model import InstanceState, Signal, Snapshot, Unknown
from controller.domain.policy import Cause, Policy
from controller.domain.replacement import Replacement


class Verification(StrEnum):
    """What the successor proved. `unproven`: nothing has been seen yet that could decide."""

    IMPROVED = "improved"
    SAME = "same"
    WORSE = "worse"
    UNPROVEN = "unproven"


UNSEEN = frozenset({"healthy", "unknown", "unavailable", "initial"})
"""States of targets that do not say that an instance is sick: all is well, or nothing can be seen."""


def verify(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> tuple[Verification, str]:
    """The successor's standing at this moment, with the sentence that explains it.

    worse: it stopped serving, or breaches a condition that its predecessor did not. same: it breaches what its
    predecessor breached. unproven: whether it serves cannot be seen, or a cause's own signal has not been read from it
    yet. improved: every cause's signal was read and is fine. What was measured before verifying began, or while it
    warmed up, counts as not read.
    """
    successor = snapshot.inventory.instance(replacement.successor or "")
    if successor is None or successor.state is not InstanceState.IN_SERVICE:
        return Verification.WORSE, f"{replacement.successor} is no longer in service"
    if not successor.serving:
        unseen_only = successor.healthy is not False and {target.state for target in successor.targets} <= UNSEEN
        verdict = Verification.UNPROVEN if unseen_only else Verification.WORSE
        return verdict, f"{successor.id} does not serve ({standing(successor)})"
    warm_at = replacement.phase_since + timedelta(seconds=policy.verify.warm_up_seconds)
    unseen = next(
        (f"{cause} is not read any more" for cause in replacement.causes if not policy.condition(cause)), None
    )
    accepted_for = replacement.facts.get("evidence", ())
    breached_before = {item["rule"] for item in accepted_for if item["outcome"] == "breached"} | {*replacement.causes}
    for condition in policy.conditions:
        signal = _since(warm_at, snapshot.signal(successor.id, condition.name))
        caused = condition.name in replacement.causes
        if isinstance(signal, Unknown):
            unseen = unseen or (f"{condition.name}: {signal.reason}" if caused else None)
        elif condition.threshold.breached(signal.latest.value):
            verdict = Verification.SAME if condition.name in breached_before else Verification.WORSE
            if caused or condition.cause in (Cause.DEGRADED, Cause.TAMPERED):
                return verdict, f"{condition.name} is {signal.latest.value} ({condition.threshold}) on {successor.id}"
    if unseen:
        return Verification.UNPROVEN, unseen
    return Verification.IMPROVED, f"{successor.id} serves, and {', '.join(replacement.causes)} is fine on it"


def _since(warm_at: datetime, signal: Signal | Unknown) -> Signal | Unknown:
    if isinstance(signal, Signal) and signal.latest.measured_at < warm_at:
        return Unknown(f"nothing measured since {warm_at:%H:%M:%S}", signal.query)
    return signal
