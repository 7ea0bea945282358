"""From the journal's present state to metric families. Nothing is counted as it happens: the journal has it all."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.domain.lifecycle import Phase
from controller.domain.ports import TickRecord
from controller.domain.replacement import Replacement
from controller.domain.verdict import VerdictKind
from controller.record.delivery import Counts

REPLACEMENT_BUCKETS = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3000.0, 7200.0)
"""Seconds. The deadlines of all steps together stay below 50 minutes; only a hold makes it longer."""


@dataclass(frozen=True, slots=True)
class View:
    """What one scrape is made from.

    reports: the newest tick of every fleet. replacements: everything that is open, and what was closed since the view
    before; the first view after a start has to hold all that was ever closed.
    leases: fleet -> whether this daemon holds its lease. outbox_pending: spans that wait to be delivered.
    """

    reports: Sequence[TickRecord] = ()
    replacements: Sequence[Replacement] = ()
    leases: Mapping[str, bool] = field(default_factory=dict)
    outbox_pending: int = 0


class Projection(Collector):
    """Turns the newest view into metrics. A closed replacement never changes, so it is counted once, by its id."""

    def __init__(self, version: str, delivery: Counts) -> None:
        self._version = version
        self._delivery = delivery
        self._view = View()
        self._counted: set[str] = set()
        self._totals: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[tuple[str, str], Counter[float]] = {}
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)

    def show(self, view: View) -> None:
        self._view = view
        for replacement in view.replacements:
            if not replacement.open and replacement.id not in self._counted:
                self._counted.add(replacement.id)
                self._count(replacement)

    def _count(self, replacement: Replacement) -> None:
        outcome, fleet = str(replacement.outcome), replacement.fleet
        self._totals[fleet, outcome, str(replacement.facts.get("verdict", ""))] += 1
        if replacement.closed_at is not None:
            seconds = (replacement.closed_at - replacement.accepted_at).total_seconds()
            fits = next((bound for bound in REPLACEMENT_BUCKETS if seconds <= bound), float("inf"))
            self._durations.setdefault((fleet, outcome), Counter())[fits] += 1
            self._seconds[fleet, outcome] += seconds

    def describe(self) -> Iterator[Metric]:
        """Nothing to declare: names are unique by construction, and collecting needs a view."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield self._build_info()
        yield from self._fleets()
        yield from self._replacements()
        yield from self._spans()

    def _build_info(self) -> Metric:
        info = GaugeMetricFamily("repave_build_info", "The running version; always 1.", labels=["version"])
        info.add_metric([self._version], 1)
        return info

    def _fleets(self) -> Iterator[Metric]:
        instances = GaugeMetricFamily("repave_fleet_instances", "Instances by verdict.", labels=["fleet", "verdict"])
        holds = GaugeMetricFamily(
            "repave_fleet_holds", "Instances that wait, by what forbids their replacement.", labels=["fleet", "rule"]
        )
        ticks = GaugeMetricFamily(
            "repave_last_tick_timestamp_seconds", "When the fleet was last looked at.", labels=["fleet"]
        )
        leases = GaugeMetricFamily("repave_lease_held", "1 where this daemon may act.", labels=["fleet"])
        for record in self._view.reports:
            members = [item for item in record.report.get("instances", ()) if isinstance(item, Mapping)]
            verdicts = Counter(str(item.get("verdict")) for item in members)
            for verdict in VerdictKind:
                instances.add_metric([record.fleet, verdict.value], verdicts[verdict.value])
            for rule, count in sorted(_holds(members).items()):
                holds.add_metric([record.fleet, rule], count)
            ticks.add_metric([record.fleet], record.at.timestamp())
        for fleet, held in sorted(self._view.leases.items()):
            leases.add_metric([fleet], int(held))
        yield from (instances, holds, ticks, leases)

    def _replacements(self) -> Iterator[Metric]:
        flying = GaugeMetricFamily(
            "repave_replacements_in_flight", "Open replacements by phase.", labels=["fleet", "phase"]
        )
        totals = CounterMetricFamily(
            "repave_replacements", "Closed replacements, ever.", labels=["fleet", "outcome", "cause"]
        )
        durations = HistogramMetricFamily(
            "repave_replacement_duration_seconds", "From acceptance to the end.", labels=["fleet", "outcome"]
        )
        opened = Counter((item.fleet, item.phase) for item in self._view.replacements if item.open)
        for fleet in sorted({record.fleet for record in self._view.reports} | {fleet for fleet, _ in opened}):
            for phase in Phase:
                if phase is not Phase.CLOSED:
                    flying.add_metric([fleet, phase.value], opened[fleet, phase])
        for labels, count in sorted(self._totals.items()):
            totals.add_metric(labels, count)
        for key, counts in sorted(self._durations.items()):
            durations.add_metric(key, _cumulative(counts), self._seconds[key])
        yield from (flying, totals, durations)

    def _spans(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("repave_outbox_pending", "Spans that wait to be delivered.")
        waiting.add_metric([], self._view.outbox_pending)
        yield waiting
        for name, help_text, count in (
            ("repave_spans_delivered", "Spans that a backend took.", self._delivery.delivered),
            ("repave_spans_poisoned", "Spans that a backend refused for good.", self._delivery.poisoned),
            ("repave_spans_rejected", "Spans that a backend took and said it dropped.", self._delivery.rejected),
            ("repave_spans_expired", "Spans older than an hour when delivered.", self._delivery.expired),
            ("repave_delivery_failures", "Requests that had to be tried again.", self._delivery.failures),
        ):
            counter = CounterMetricFamily(name, help_text)
            counter.add_metric([], count)
            yield counter


def _holds(members: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many instances each veto keeps waiting; one instance may have several."""
    return Counter(
        rule
        for item in members
        if item.get("decision") == "hold"
        for rule in sorted({str(veto.get("rule")) for veto in item.get("vetoes", ())})
    )


def _cumulative(counts: Counter[float]) -> list[tuple[str, float]]:
    """Prometheus' buckets: how many took at most so long."""
    total, buckets = 0, []
    for bound in (*REPLACEMENT_BUCKETS, float("inf")):
        total += counts[bound]
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return buckets
