"""Only so many replacements an hour, per fleet and over all fleets."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto

HOUR = timedelta(hours=1)


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when an hour's budget is spent; it clears when the oldest acceptance leaves the hour."""
    history, chosen = snapshot.history, len(draft.starts)
    return _spent("in this fleet", history.accepted_at, chosen, policy.limits.replacements_per_hour) or _spent(
        "over all fleets", history.accepted_everywhere_at, chosen, policy.global_limits.replacements_per_hour
    )


def _spent(where: str, accepted_at: Sequence[datetime], chosen: int, limit: int) -> Veto | None:
    spent = len(accepted_at) + chosen
    if spent < limit:
        return None
    freed_by = accepted_at[spent - limit] if spent - limit < len(accepted_at) else None
    clears_at = freed_by + HOUR if freed_by else None
    return Veto("replacements_per_hour", f"{spent} of {limit} this hour {where}", Needs.REPAVE, clears_at)


RULE = RuleSpec("replacements_per_hour", "Only so many replacements an hour.", check=check)
