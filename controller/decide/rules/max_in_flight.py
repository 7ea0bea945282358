"""Only so many replacements of a fleet at once, those that its platform makes by itself among them."""

from controller.decide.rule import RuleSpec
from controller.domain.lifecycle import Outcome
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def allowed_in_flight(snapshot: Snapshot, policy: Policy) -> int:
    """The limit in instances; a share is taken of what is desired without our own surges."""
    surges = sum(1 for replacement in snapshot.open_replacements if replacement.successor)
    desired = sum(group.desired for group in snapshot.inventory.groups) - surges
    return policy.limits.max_in_flight.at_most(max(desired, 1))


def replaced_by_platform(snapshot: Snapshot) -> tuple[str, ...]:
    """The members that go without our doing: the platform is about to replace them, or terminates them already."""
    going = snapshot.inventory.going
    ours = _by_our_hand(snapshot) if going else set()
    return tuple(member.id for member in going if member.id not in ours)


def _by_our_hand(snapshot: Snapshot) -> set[str | None]:
    """Who belongs to an open replacement, or goes because one ended: the replaced, and successors sent away again."""
    opened = {name for item in snapshot.open_replacements for name in (item.predecessor, item.successor)}
    ended = {item.predecessor if item.outcome is Outcome.REPLACED else item.successor for item in snapshot.history.past}
    return opened | ended


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when the open replacements, those chosen by this plan and the platform's own fill the limit."""
    names = [replacement.id for replacement in snapshot.open_replacements]
    names += [f"one for {chosen.instance.id}" for chosen in draft.starts]
    others = [name for name in replaced_by_platform(snapshot) if name != candidate.instance.id]
    limit, count = allowed_in_flight(snapshot, policy), len(names) + len(others)
    if count < limit:
        return None
    needs = Needs.REPAVE if names else Needs.WORLD
    told = ", ".join(names)
    if others:
        whom = f"{', '.join(others)} that {'its' if len(others) == 1 else 'their'} platform replaces"
        told = f"{told}, and {whom}" if told else whom
    return Veto("max_in_flight", f"{count} of {limit} in flight ({told})", needs)


RULE = RuleSpec("max_in_flight", "Only so many replacements of a fleet run at once.", check=check)
