"""An operator's stop, over all fleets, over this one, or over one instance."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes while a hold applies, telling of the one that lasts longest; it clears when that expires or is resumed."""
    scopes = ("all", f"fleet:{snapshot.fleet}", f"instance:{candidate.instance.id}")
    holds = [hold for hold in snapshot.holds if hold.scope in scopes]
    if not holds:
        return None
    longest = max(holds, key=lambda hold: (hold.expires_at is None, hold.expires_at or hold.created_at))
    return Veto("held", longest.sentence(), Needs.PERSON, longest.expires_at)


RULE = RuleSpec("held", "An operator's hold stops everything in its scope.", check=check)
