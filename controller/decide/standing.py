"""How a fleet stands towards its limits, and which of its causes are stopped: for people, and for metrics."""

from typing import Any

from controller.decide.rules.max_in_flight import allowed_in_flight, replaced_by_platform
from controller.domain.model import Snapshot
from controller.domain.policy import Policy

FLEET, ALL = "fleet", "all"


def budgets_json(snapshot: Snapshot, policy: Policy) -> list[dict[str, Any]]:
    """How much of each limit is used, as in `plan --json`. scope `all`: the limit is over all fleets together."""
    past, shared = snapshot.history, policy.global_limits
    in_flight = len(snapshot.open_replacements) + len(replaced_by_platform(snapshot))
    return [
        _budget("max_in_flight", FLEET, in_flight, allowed_in_flight(snapshot, policy)),
        _budget("replacements_per_hour", FLEET, len(past.accepted_at), policy.limits.replacements_per_hour),
        _budget("stop_after_failures", FLEET, past.failures_in_a_row, shared.stop_after_failures),
        _budget("replacements_per_hour", ALL, len(past.accepted_everywhere_at), shared.replacements_per_hour),
        _budget("stop_after_failures", ALL, past.failures_in_a_row_everywhere, shared.stop_after_failures),
    ]


def breakers_json(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The breakers that are open, as in `plan --json`."""
    return [
        {"cause": item.cause, "reason": item.reason, "opened_at": item.opened_at.isoformat().replace("+00:00", "Z")}
        for item in snapshot.breakers
    ]


def _budget(limit: str, scope: str, used: int, allowed: int) -> dict[str, Any]:
    return {"limit": limit, "scope": scope, "used": used, "allowed": allowed}
