"""Metrics of fleets as their newest look saw them. A fleet that was never looked at has its configuration's alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from controller.domain.ports import TickRecord
from controller.domain.verdict import VerdictKind
from controller.record import catalogue
from controller.record.view import View

STOPS = (
    "breaker",
    "cohort_moved",
    "fleet_wide_fault",
    "hold_while",
    "journal_lost",
    "source_quiet",
    "stop_after_failures",
)
"""The rules by which Repave stops itself. They are always told, 0 or 1, so that an alert can tell no from unknown."""

BY_EVIDENCE = frozenset({"breaker", "cohort_moved", "fleet_wide_fault", "stop_after_failures"})
"""Those of them that say that replacing would not cure it. The alarms and alerts for RepaveStopped call a person."""

BREAKER = "breaker"
ALL = "all"
"""The scope of a limit over all fleets, in a report."""


def fleet_metrics(view: View, looked_at: Mapping[str, datetime]) -> Iterator[Metric]:
    """looked_at: when this daemon itself last looked at each fleet."""
    yield from _configured(view)
    yield from _looks(view, looked_at)
    reports = view.configured_reports()
    yield from _verdicts(reports)
    yield from _stops(reports)
    yield from _ages(reports)
    yield from _budgets(reports)


def _configured(view: View) -> Iterator[Metric]:
    info, interval = catalogue.FLEET.gauge(), catalogue.TICK_INTERVAL.gauge()
    blind, leases = catalogue.BLIND_LIMIT.gauge(), catalogue.LEASE.gauge()
    for fleet, policy in sorted(view.policies.items()):
        info.add_metric([fleet, policy.platform, policy.mode.value], 1)
        interval.add_metric([fleet], policy.tick_seconds)
        blind.add_metric([fleet], policy.stop_when.blind_over)
    for fleet, held in sorted(view.leases.items()):
        leases.add_metric([fleet], int(held))
    yield from (info, interval, blind, leases)


def _looks(view: View, looked_at: Mapping[str, datetime]) -> Iterator[Metric]:
    ticks, looks = catalogue.LAST_TICK.gauge(), catalogue.LAST_LOOK.gauge()
    journaled = {record.fleet: record.at for record in view.configured_reports()}
    for fleet in sorted(view.policies):
        if fleet in journaled:
            ticks.add_metric([fleet], journaled[fleet].timestamp())
        known = [looks_at[fleet] for looks_at in (journaled, looked_at) if fleet in looks_at]
        if known:
            looks.add_metric([fleet], max(known).timestamp())
    yield from (ticks, looks)


def _verdicts(reports: Sequence[TickRecord]) -> Iterator[Metric]:
    instances, holds = catalogue.INSTANCES.gauge(), catalogue.HOLDS.gauge()
    for record in reports:
        found = members(record)
        verdicts = Counter(str(item.get("verdict")) for item in found)
        for verdict in VerdictKind:
            instances.add_metric([record.fleet, verdict.value], verdicts[verdict.value])
        for rule, count in sorted(held(found).items()):
            holds.add_metric([record.fleet, rule], count)
    yield from (instances, holds)


def _stops(reports: Sequence[TickRecord]) -> Iterator[Metric]:
    stopped, breakers = catalogue.STOPPED.gauge(), catalogue.BREAKERS.gauge()
    for record in reports:
        rules = stops(record)
        for rule in sorted({*STOPS, *rules}):
            stopped.add_metric([record.fleet, rule], int(rule in rules))
        breakers.add_metric([record.fleet], len(_listed(record, "breakers")))
    yield from (stopped, breakers)


def _ages(reports: Sequence[TickRecord]) -> Iterator[Metric]:
    """Absent for a fleet that has no instance, or none of whose age is known."""
    oldest, middle = catalogue.OLDEST_INSTANCE.gauge(), catalogue.MEDIAN_INSTANCE.gauge()
    oldest_image, middle_image = catalogue.OLDEST_IMAGE.gauge(), catalogue.MEDIAN_IMAGE.gauge()
    for record in reports:
        found = members(record)
        _age(record.fleet, [item.get("age_seconds") for item in found], oldest, middle)
        images = [item["image"] for item in found if isinstance(item.get("image"), Mapping)]
        _age(record.fleet, [image.get("age_seconds") for image in images], oldest_image, middle_image)
    yield from (oldest, middle, oldest_image, middle_image)


def _age(fleet: str, ages: Sequence[Any], oldest: GaugeMetricFamily, middle: GaugeMetricFamily) -> None:
    known = [float(age) for age in ages if isinstance(age, int | float)]
    if known:
        oldest.add_metric([fleet], max(known))
        middle.add_metric([fleet], median(known))


def _budgets(reports: Sequence[TickRecord]) -> Iterator[Metric]:
    """Each fleet's own limits; those over all fleets by the newest look at any of them."""
    used, allowed = catalogue.BUDGET_USED.gauge(), catalogue.BUDGET_LIMIT.gauge()
    shared: dict[str, Mapping[str, Any]] = {}
    for record in sorted(reports, key=lambda item: item.at):
        for budget in _listed(record, "budgets"):
            if budget.get("scope") == ALL:
                shared[str(budget.get("limit"))] = budget
            else:
                used.add_metric([record.fleet, str(budget.get("limit"))], budget.get("used", 0))
                allowed.add_metric([record.fleet, str(budget.get("limit"))], budget.get("allowed", 0))
    shared_used, shared_allowed = catalogue.SHARED_USED.gauge(), catalogue.SHARED_LIMIT.gauge()
    for limit, budget in sorted(shared.items()):
        shared_used.add_metric([limit], budget.get("used", 0))
        shared_allowed.add_metric([limit], budget.get("allowed", 0))
    yield from (used, allowed, shared_used, shared_allowed)


def members(record: TickRecord) -> list[Mapping[str, Any]]:
    """The instances of a look."""
    return _listed(record, "instances")


def held(found: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many instances each veto keeps waiting; one instance may have several."""
    return Counter(
        rule
        for item in found
        if item.get("decision") == "hold"
        for rule in sorted({str(veto.get("rule")) for veto in item.get("vetoes", ())})
    )


def stops(record: TickRecord) -> set[str]:
    """The rules that stop the whole fleet now, and `breaker` while one is open.

    A look names the first of them alone as the fleet's own; whoever waits has them all among its vetoes. Without these,
    `hold_while` and `observe_mode` would hide a source that is quiet, and failures in a row.
    """
    fleet_veto = record.report.get("hold")
    rules = {str(fleet_veto.get("rule"))} if isinstance(fleet_veto, Mapping) else set()
    rules |= held(members(record)).keys() & set(STOPS)
    return rules | ({BREAKER} if _listed(record, "breakers") else set())


def _listed(record: TickRecord, key: str) -> list[Mapping[str, Any]]:
    return [item for item in record.report.get(key, ()) if isinstance(item, Mapping)]
