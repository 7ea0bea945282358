"""A cause whose last successor was no better is not cured by replacing."""

from controller.decide.breakers import half_open
from controller.decide.rule import RuleSpec
from controller.domain.model import Breaker, Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes a candidate whose finding has an open breaker in this fleet.

    Where a launch would use another image now, the breaker is half-open: one may go, and the others wait for it.
    """
    causes = {item.rule for item in candidate.verdict.findings}
    launch = snapshot.inventory.launch_image(candidate.instance)
    opened = [breaker for breaker in snapshot.breakers if breaker.cause in causes]
    for breaker in sorted(opened, key=lambda item: half_open(item, launch)):
        told = f"breaker for `{breaker.cause}` open since {breaker.opened_at:%Y-%m-%d %H:%M:%S} UTC: {breaker.reason}"
        if not half_open(breaker, launch):
            return Veto("breaker", told, Needs.PERSON)
        trying = _trying(breaker, draft, snapshot)
        if trying:
            return Veto("breaker", f"{told}; {trying} tries a new image first", Needs.REPAVE)
    return None


def _trying(breaker: Breaker, draft: Draft, snapshot: Snapshot) -> str | None:
    """Who is already being replaced for this cause, or about to be."""
    under_way = [item.id for item in snapshot.open_replacements if breaker.cause in item.causes]
    about_to = [
        f"one for {item.instance.id}"
        for item in draft.starts
        if any(finding.rule == breaker.cause for finding in item.verdict.findings)
    ]
    return next(iter([*under_way, *about_to]), None)


RULE = RuleSpec("breaker", "A cause that replacing did not cure is not tried again.", check=check)
