"""After some failures in a row the daemon stops by itself and waits for a person."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes when failures in a row, here or over all fleets, have reached the limit."""
    limit = policy.global_limits.stop_after_failures
    counts = {
        "in this fleet": snapshot.history.failures_in_a_row,
        "over all fleets": snapshot.history.failures_in_a_row_everywhere,
    }
    for where, failures in counts.items():
        if failures >= limit:
            reason = f"{failures} replacements in a row failed {where} (limit {limit}); `repave resume` starts again"
            return Veto("stop_after_failures", reason, Needs.PERSON)
    return None


RULE = RuleSpec(
    "stop_after_failures", "Failures in a row stop everything until a person resumes.", check_fleet=check_fleet
)
