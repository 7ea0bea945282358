"""Only so many replacements of a fleet at once."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def allowed_in_flight(snapshot: Snapshot, policy: Policy) -> int:
    """The limit in instances; a share is taken of what is desired without our own surges."""
    surges = sum(1 for replacement in snapshot.open_replacements if replacement.successor)
    desired = sum(group.desired for group in snapshot.inventory.groups) - surges
    return policy.limits.max_in_flight.at_most(max(desired, 1))


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when the open replacements and those chosen by this plan fill the limit."""
    names = [replacement.id for replacement in snapshot.open_replacements]
    names += [f"one for {chosen.instance.id}" for chosen in draft.starts]
    limit = allowed_in_flight(snapshot, policy)
    if len(names) < limit:
        return None
    return Veto("max_in_flight", f"{len(names)} of {limit} in flight ({', '.join(names)})", Needs.REPAVE)


RULE = RuleSpec("max_in_flight", "Only so many replacements of a fleet run at once.", check=check)
