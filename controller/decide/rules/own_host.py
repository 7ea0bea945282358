"""The host or container that this daemon runs on or in: whoever replaces it ends in the middle of replacing."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes the daemon's own host. A daemon that runs elsewhere may replace it, or a person."""
    known_by = {candidate.instance.id, *candidate.instance.names}
    if known_by.isdisjoint(snapshot.own_instances):
        return None
    return Veto("own_host", f"this daemon runs on {candidate.instance.id}", Needs.PERSON)


RULE = RuleSpec("own_host", "The daemon does not replace the host that it runs on.", check=check)
