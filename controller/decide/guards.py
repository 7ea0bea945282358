"""What has to be well with a fleet as a whole, or with what it depends on, before anything is started in it."""

from controller.decide.judge import evidence_of
from controller.decide.runs import Run, run_of_fleet
from controller.domain.model import Snapshot, Unknown
from controller.domain.policy import Policy
from controller.domain.verdict import Evidence


def guards_of(snapshot: Snapshot, policy: Policy) -> tuple[Evidence, ...]:
    """Each guard's reading against its threshold; `found` says that it holds the fleet."""
    told = []
    for condition in policy.guards:
        signal = snapshot.guard(condition.name)
        run = Run(None) if isinstance(signal, Unknown) else run_of_fleet(signal, condition, policy)
        told.append(evidence_of(signal, condition, run))
    return tuple(told)
