"""Trouble of many at once is the fleet's, not an instance's: replacing them would make it worse."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Judgement, VerdictKind
from controller.domain.veto import Needs, Veto

AT_LEAST = 2
"""One sick instance is never a fleet-wide fault, however small the fleet."""


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes when the degraded, or apart from them the tampered, are more than their share of what was desired."""
    desired = judgement.memory.desired_before_trouble or sum(group.desired for group in snapshot.inventory.groups)
    shares = (
        (VerdictKind.DEGRADED, policy.stop_when.degraded_over),
        (VerdictKind.TAMPERED, policy.stop_when.tampered_over),
    )
    for kind, allowed in shares:
        count = len(judgement.of(kind))
        if count >= AT_LEAST and count > allowed * desired:
            reason = f"{count} of {desired} desired instances are {kind}, more than {allowed:.0%}"
            return Veto("fleet_wide_fault", reason, Needs.WORLD)
    return None


RULE = RuleSpec("fleet_wide_fault", "When many look bad at once, nothing is replaced.", check_fleet=check_fleet)
