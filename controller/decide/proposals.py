"""Which replacements a person is to be asked about, and which requests do not stand any more."""

from collections.abc import Mapping, Sequence

from controller.decide.rules.awaiting_approval import refused
from controller.domain.model import Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.request import Request
from controller.domain.verdict import Candidate, EvidenceOutcome, Judgement, Plan

AWAITING = "awaiting_approval"


def to_propose(decided: Plan, snapshot: Snapshot) -> tuple[Candidate, ...]:
    """Candidates that only a person's yes keeps waiting, and about whom nobody was asked yet, or said no lately."""
    waiting = (one.candidate for one in decided.holds if {veto.rule for veto in one.vetoes} == {AWAITING})
    return tuple(one for one in waiting if one.request is None and refused(one, snapshot) is None)


def withdrawn(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Mapping[str, str]:
    """Request id -> why it does not stand any more.

    A proposal stands while its instance is there, one of its causes still breaches (or cannot be seen), and the mode is
    ask. Whatever else forbids it meanwhile only makes it wait. What a person asked for stands while its instance is
    there.
    """
    reasons = {request.id: _why_not(request, snapshot, judgement, policy) for request in snapshot.requests}
    return {request_id: why for request_id, why in reasons.items() if why}


def _why_not(request: Request, snapshot: Snapshot, judgement: Judgement, policy: Policy) -> str | None:
    instance = snapshot.inventory.instance(request.instance_id)
    if instance is None or instance.leaving:
        return f"{request.instance_id} left the fleet"
    if request.requested:
        return None
    if policy.mode is not Mode.ASK:
        return f"the mode is {policy.mode} now"
    verdict = judgement.verdicts[instance.id]
    causes = [item for item in verdict.evidence if item.rule in request.causes]
    if any(item.outcome is not EvidenceOutcome.OK for item in causes):
        return None
    return f"{instance.id} is {verdict.kind} now: {', '.join(request.causes)} is not found any more"


def asked_about(requests: Sequence[Request]) -> str:
    """Proposals in one clause, by verdict and count: `awaiting approval: 2 aged (r-1, r-2), 1 degraded (r-3)`."""
    groups: dict[str, list[str]] = {}
    for request in requests:
        groups.setdefault(request.verdict, []).append(request.id)
    told = [f"{len(ids)} {verdict} ({_listed(ids)})" for verdict, ids in sorted(groups.items())]
    return f"awaiting approval: {', '.join(told)}"


def _listed(ids: Sequence[str]) -> str:
    rest = len(ids) - MOST_NAMED
    return ", ".join(ids) if rest <= 0 else f"{', '.join(ids[:MOST_NAMED])} and {rest} more"


MOST_NAMED = 5
"""Ids that a sentence names; all of them are in `get replacements`."""
