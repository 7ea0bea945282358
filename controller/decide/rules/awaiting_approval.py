"""In mode ask, a person says yes first."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes in mode ask, unless this candidate's request was approved and that still counts."""
    request = candidate.request
    if policy.mode is not Mode.ASK or (request is not None and request.approved(snapshot.now)):
        return None
    reason = "mode is ask: a person has to approve each replacement"
    if request is not None:
        until = f"{request.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        reason = f"mode is ask: `repave approve {request.id}` lets it go (asked until {until})"
    return Veto("awaiting_approval", reason, Needs.PERSON)


RULE = RuleSpec("awaiting_approval", "In mode ask a person approves each replacement.", check=check)
