"""Rules that cannot do what they say: sources slower than the proof, thresholds that nothing can pass."""

from collections.abc import Iterator

from controller.domain.policy import Above, Below, Cause, Condition, Missing, Policy
from controller.settings.located import Located
from controller.settings.problems import Problems, quoted
from controller.settings.specs import Specs
from controller.settings.values import duration_text

SHARES = ("percent", "utilization", "utilisation")
"""Words in a metric's name or a query that make it a percentage."""

OF_ONE = "cpu_percent"
"""A percentage that goes beyond 100, which is one processor."""


def warn_of_the_infeasible(policy: Policy, fleet: Located, specs: Specs, notes: Problems) -> None:
    """Note what a fleet's rules cannot do."""
    degraded = [condition for condition in policy.conditions if condition.cause is Cause.DEGRADED]
    for key, declared in (("degraded_when", degraded), ("hold_while", policy.guards)):
        for place, condition in enumerate(declared):
            for part, what in _never(condition):
                notes.add(fleet.find((key, place, part)).spot, f"rule {quoted(condition.name)}: {what}")
            _warn_of_few_readings(condition, fleet.find((key, place, "for")), specs, notes)
    for place, condition in enumerate(degraded):
        _warn_of_the_healthy_unknown(condition, fleet.find(("degraded_when", place, "missing")), specs, notes)
        _warn_of_late_proof(condition, policy, fleet, specs, notes)
    for part in ("degraded_over", "tampered_over", "blind_over"):
        if getattr(policy.stop_when, part) >= 1:
            what = f"{quoted(part)} of 100% is never exceeded: no trouble is ever the fleet's."
            notes.add(fleet.find(("stop_when", part)).spot, what)


def _never(condition: Condition) -> Iterator[tuple[str, str]]:
    """The key of a threshold that no value can pass, and why."""
    asked = str(condition.options).lower().replace(OF_ONE, "")
    percent = condition.unit == "%" or any(word in asked for word in SHARES)
    match condition.threshold:
        case Above(limit) if percent and limit >= 100:
            yield "above", f"a percentage is never above {limit:g}."
        case Below(limit) if limit <= 0 and (percent or condition.unit == "s"):
            yield "below", f"a {'percentage' if percent else 'time'} is never below {limit:g}."


def _rhythm(condition: Condition, specs: Specs) -> tuple[float, float]:
    """How often its source measures, and how late that can be read, in seconds; zeros where that is not known."""
    told = specs.probes[condition.probe].rhythm
    return told(condition) if told else (0.0, 0.0)


def _warn_of_few_readings(condition: Condition, where: Located, specs: Specs, notes: Problems) -> None:
    period_seconds, _ = _rhythm(condition, specs)
    if 0 < condition.for_seconds < 2 * period_seconds:
        period, takes = duration_text(period_seconds), duration_text(2 * period_seconds)
        what = f"'for' needs three readings; with a period of {period} that takes {takes}."
        notes.add(where.spot, f"rule {quoted(condition.name)}: {what}")


def _warn_of_the_healthy_unknown(condition: Condition, where: Located, specs: Specs, notes: Problems) -> None:
    """Who counts finds nothing of the healthy."""
    if specs.probes[condition.probe].counts and condition.missing is Missing.UNKNOWN:
        what = "with 'missing: unknown', whoever has nothing to count is unknown, not healthy; say 'missing: zero'."
        notes.add(where.spot, f"rule {quoted(condition.name)}: {what}")


def _warn_of_late_proof(condition: Condition, policy: Policy, fleet: Located, specs: Specs, notes: Problems) -> None:
    """A successor is proven by readings of its own life: they take a period, and the source's lag."""
    first_seconds, asked = sum(_rhythm(condition, specs)), policy.verify
    first = f"the first reading of rule {quoted(condition.name)} takes {duration_text(first_seconds)}"
    if first_seconds > asked.deadline_seconds:
        what = (
            f"{first}, longer than the verify deadline of {duration_text(asked.deadline_seconds)}: nothing is proven."
        )
        notes.add(fleet.find(("verify", "deadline")).spot, what)
    elif first_seconds > asked.bake_seconds:
        what = f"{first}, longer than the bake of {duration_text(asked.bake_seconds)}: it is extended until then."
        notes.add(fleet.find(("verify", "bake")).spot, what)
