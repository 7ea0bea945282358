"""In mode ask, a person says yes first."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes in mode ask."""
    if policy.mode is not Mode.ASK:
        return None
    return Veto("awaiting_approval", "mode is ask: a person has to approve each replacement", Needs.PERSON)


RULE = RuleSpec("awaiting_approval", "In mode ask a person approves each replacement.", check_fleet=check_fleet)
