"""Nothing is replaced while the fleet is only watched."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes in mode observe."""
    if policy.mode is not Mode.OBSERVE:
        return None
    return Veto("observe_mode", "mode is observe: Repave decides and explains, but does not act", Needs.PERSON)


RULE = RuleSpec("observe_mode", "In mode observe nothing is replaced.", check_fleet=check_fleet)
