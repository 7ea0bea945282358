"""What cannot be seen is not sick."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft, EvidenceOutcome, VerdictKind
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes a blind verdict, naming each rule that cannot see and why."""
    if candidate.verdict.kind is not VerdictKind.BLIND:
        return None
    unseen = [item for item in candidate.verdict.evidence if item.outcome is EvidenceOutcome.UNKNOWN]
    reasons = "; ".join(f"{item.rule}: {item.reason}" for item in unseen)
    return Veto("blind", f"cannot see it for more than {policy.blind_after_seconds:g} s: {reasons}", Needs.WORLD)


RULE = RuleSpec("blind", "Missing telemetry never replaces an instance.", check=check)
