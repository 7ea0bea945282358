"""A newborn is given time before it is called sick."""

from datetime import timedelta

from controller.decide.judge import warming_up
from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes an instance launched less than `warm_up` ago; it clears when that time is over."""
    launched_at = candidate.instance.launched_at
    if launched_at is None or not warming_up(candidate.instance, snapshot, policy):
        return None
    age = (snapshot.now - launched_at).total_seconds()
    clears_at = launched_at + timedelta(seconds=policy.warm_up_seconds)
    return Veto(
        "warming_up", f"launched {age:.0f} s ago, warms up for {policy.warm_up_seconds:g} s", Needs.REPAVE, clears_at
    )


RULE = RuleSpec("warming_up", "A fresh instance is not judged before it is warm.", check=check)
