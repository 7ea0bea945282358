"""A predecessor that serves goes only when enough serve without it. It never forbids a launch: that is the cure."""

from controller.decide.rule import RuleSpec
from controller.domain.lifecycle import Phase, Step
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.replacement import Replacement
from controller.domain.veto import Needs, Veto

BEFORE_DRAIN = frozenset({Phase.VERIFIED, Phase.DRAINING})
"""Phases in which the predecessor may be about to lose its traffic."""


def check_open(replacement: Replacement, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes the drain of an open replacement's predecessor while too few would serve without it."""
    begun = any(call.step is Step.DRAIN and call.outcome != "failed" for call in replacement.calls)
    if replacement.phase not in BEFORE_DRAIN or begun:
        return None
    return spare(replacement, snapshot, policy)


def spare(replacement: Replacement, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """A predecessor that does not serve is no loss; one that does may go when enough serve without it."""
    predecessor = snapshot.inventory.instance(replacement.predecessor)
    if predecessor is None or not predecessor.serving:
        return None
    left = steadily_serving(snapshot, replacement.group, without=replacement)
    needed = required_serving(snapshot, replacement, policy)
    if left >= needed:
        return None
    return Veto("capacity_floor", f"{left} would serve without it, {needed} have to", Needs.WORLD)


def required_serving(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> int:
    """How many must serve once the predecessor is out: what served when it was accepted or what is desired without
    our surges, whichever is less; and the declared floor, if that is more. Where others have asked for more since, all
    that serves now counts, our newcomers too: a group that grows has nobody to spare before it has grown.
    """
    surges = sum(1 for item in snapshot.open_replacements if item.group == replacement.group and item.successor)
    group = snapshot.inventory.group(replacement.group)
    desired = (group.desired if group else 0) - surges
    floor = policy.limits.capacity_floor
    declared = floor.at_least(desired) if floor else 0
    before = int(replacement.facts["serving"])
    if desired > int(replacement.facts.get("desired", desired)):
        before = max(before, sum(member.serving for member in snapshot.inventory.members(replacement.group)))
    return max(min(before, desired), declared)


def steadily_serving(snapshot: Snapshot, group: str, without: Replacement | None = None) -> int:
    """How many of a group serve and are here to stay.

    An open replacement counts for one, as long as its predecessor or its verified successor serves: whatever else of it
    serves is in flight or unproven. `without`: count this one as if its predecessor were gone.
    """
    serving = {member.id for member in snapshot.inventory.members(group) if member.serving}
    pairs = 0
    for item in snapshot.open_replacements:
        if item.group != group:
            continue
        counted = {item.successor} if item.verification else set()
        if without is None or item.id != without.id:
            counted.add(item.predecessor)
        pairs += 1 if serving & counted else 0
        serving -= {item.predecessor, item.successor}
    return len(serving) + pairs


RULE = RuleSpec(
    "capacity_floor", "No predecessor is drained while too few would serve without it.", check_open=check_open
)
