"""Trouble of many at once is the fleet's, not an instance's: replacing them would make it worse."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Cause, Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto

AT_LEAST = 2
"""One sick instance is never a fleet-wide fault, however small the fleet."""


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes when the degraded, or apart from them the tampered, are more than their share of what was desired.

    An instance with findings of both kinds counts among both; one that leaves its group counts no more.
    """
    desired = judgement.memory.desired_before_trouble or sum(group.desired for group in snapshot.inventory.groups)
    staying = {member.id for member in snapshot.inventory.instances if not member.leaving}
    shares = ((Cause.DEGRADED, policy.stop_when.degraded_over), (Cause.TAMPERED, policy.stop_when.tampered_over))
    for cause, allowed in shares:
        count = sum(verdict.instance_id in staying for verdict in judgement.found(cause))
        if count >= AT_LEAST and count > allowed * desired:
            reason = f"{count} of {desired} desired instances are {cause}, more than {allowed:.0%}"
            return Veto("fleet_wide_fault", reason, Needs.WORLD)
    return None


RULE = RuleSpec("fleet_wide_fault", "When many look bad at once, nothing is replaced.", check_fleet=check_fleet)
