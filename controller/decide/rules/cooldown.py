"""What could not be replaced is not tried again at once, and after each try later."""

from controller.decide.rule import RuleSpec
from controller.domain.budgets import cooldown_veto
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes while the wait after the lineage's last attempt lasts; it clears by itself, or when a person resumes."""
    return cooldown_veto(snapshot.history.past, snapshot.fleet, candidate.instance.id, policy.cooldown, snapshot.now)


RULE = RuleSpec("cooldown", "After an attempt that came to nothing, the next one waits, each time longer.", check=check)
