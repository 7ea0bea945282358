"""A telemetry source that went quiet for much of a fleet is itself the fault."""

from controller.decide.judge import warming_up
from controller.decide.rule import RuleSpec
from controller.domain.model import InstanceState, Snapshot, Unknown
from controller.domain.policy import Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto

AT_LEAST = 2
"""One silent instance is its own matter: its verdict says blind."""


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes when a condition is unknown for more than `blind_over` of the settled members, at this very tick. A source
    that speaks again, and lacks only what lies before, is not quiet."""
    settled = [
        member
        for member in snapshot.inventory.instances
        if member.state is InstanceState.IN_SERVICE and not warming_up(member, snapshot, policy)
    ]
    for condition in policy.conditions:
        signals = (snapshot.signal(member.id, condition.name) for member in settled)
        quiet = sum(isinstance(signal, Unknown) and not signal.settling for signal in signals)
        if quiet >= AT_LEAST and quiet > policy.stop_when.blind_over * len(settled):
            allowed = f"{policy.stop_when.blind_over:.0%}"
            reason = f"{condition.name} is unknown for {quiet} of {len(settled)} instances, more than {allowed}"
            return Veto("source_quiet", reason, Needs.WORLD)
    return None


RULE = RuleSpec(
    "source_quiet", "While a source is quiet for much of the fleet, nothing is replaced.", check_fleet=check_fleet
)
