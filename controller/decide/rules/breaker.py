"""A cause whose last successor was no better is not cured by replacing."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes a candidate whose finding has an open breaker in this fleet."""
    causes = {item.rule for item in candidate.verdict.findings}
    opened = next((breaker for breaker in snapshot.breakers if breaker.cause in causes), None)
    if opened is None:
        return None
    reason = f"breaker for `{opened.cause}` open since {opened.opened_at:%Y-%m-%d %H:%M:%S} UTC: {opened.reason}"
    return Veto("breaker", reason, Needs.PERSON)


RULE = RuleSpec("breaker", "A cause that replacing did not cure is not tried again.", check=check)
