"""In mode ask, a person says yes first."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.request import REFUSED_FOR, Request
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes in mode ask, unless this candidate's request was approved and that still counts."""
    request = candidate.request
    if policy.mode is not Mode.ASK or (request is not None and request.approved(snapshot.now)):
        return None
    reason = "mode is ask: a person has to approve each replacement"
    refusal = None if request else refused(candidate, snapshot)
    if refusal is not None and refusal.ended_at is not None:
        again = f"{refusal.ended_at + REFUSED_FOR:%Y-%m-%d %H:%M:%S} UTC"
        reason = f"mode is ask: {refusal.id} was {refusal.closing}; proposed again at {again}, or for another finding"
    if request is not None:
        until = f"{request.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        reason = f"mode is ask: `repave approve {request.id}` lets it go (asked until {until})"
    return Veto("awaiting_approval", reason, Needs.PERSON)


def refused(candidate: Candidate, snapshot: Snapshot) -> Request | None:
    """The proposal for this instance, and for what is found of it now, that a person turned down lately."""
    causes = [item.rule for item in candidate.verdict.findings]
    turned_down = snapshot.history.refused
    return next((item for item in turned_down if item.refuses(candidate.instance.id, causes, snapshot.now)), None)


RULE = RuleSpec("awaiting_approval", "In mode ask a person approves each replacement.", check=check)
