"""While a declared condition of the whole fleet holds, or cannot be read, nothing is started."""

from controller.decide.guards import guards_of
from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import EvidenceOutcome, Judgement
from controller.domain.veto import Needs, Veto


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes for each guard that breaches or is unknown: a safety query that fails does not say that all is well."""
    told = []
    for item in guards_of(snapshot, policy):
        if item.outcome is EvidenceOutcome.UNKNOWN:
            told.append(f"{item.rule} cannot be read: {item.reason}")
        elif item.found:
            value = f"{item.value:.6g}" if isinstance(item.value, int | float) else str(item.value)
            lasting = f" for {item.breached_for_seconds:g} s" if item.for_seconds else ""
            told.append(f"{item.rule} is {f'{value} {item.unit}'.rstrip()} ({item.threshold}){lasting}")
    return Veto("hold_while", "; ".join(told), Needs.WORLD) if told else None


RULE = RuleSpec(
    "hold_while", "While what `hold_while` declares is so, or cannot be read, nothing starts.", check_fleet=check_fleet
)
