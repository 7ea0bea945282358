"""An operator's stop, over all fleets, over this one, or over one instance."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes while a hold applies; it clears when the hold expires, or when a person resumes."""
    scopes = ("all", f"fleet:{snapshot.fleet}", f"instance:{candidate.instance.id}")
    hold = next((hold for hold in snapshot.holds if hold.scope in scopes), None)
    return Veto("held", hold.sentence(), Needs.PERSON, hold.expires_at) if hold else None


RULE = RuleSpec("held", "An operator's hold stops everything in its scope.", check=check)
