"""An operator's stop, over all fleets, over this one, or over one instance; or by a tag that the platform tells of."""

from controller.decide.rule import RuleSpec, said_by_platform
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto

_said = said_by_platform("held")


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes while a hold applies, telling of the one that lasts longest; it clears when that expires or is resumed. A
    tag does not expire."""
    scopes = ("all", f"fleet:{snapshot.fleet}", f"instance:{candidate.instance.id}")
    holds = [hold for hold in snapshot.holds if hold.scope in scopes]
    if not holds:
        return _said(candidate, draft, snapshot, policy)
    longest = max(holds, key=lambda hold: (hold.expires_at is None, hold.expires_at or hold.created_at))
    tagged = _said(candidate, draft, snapshot, policy) if longest.expires_at else None
    return tagged or Veto("held", longest.sentence(), Needs.PERSON, longest.expires_at)


RULE = RuleSpec("held", "An operator's hold stops everything in its scope.", check=check)
