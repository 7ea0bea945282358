"""Metrics of replacements. What is open is told as it stands; what is closed never changes, so it is counted once."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from prometheus_client.core import Metric

from controller.domain.lifecycle import Outcome, Phase
from controller.domain.policy import Cause
from controller.domain.replacement import Replacement
from controller.record import catalogue
from controller.record.view import View

BUCKETS = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3000.0, 7200.0)
"""Seconds. The deadlines of all steps together stay below 50 minutes; only a hold makes it longer."""

UNNAMED = "other"
"""The reason of a failure that has none in one word."""


class Totals:
    """What closed replacements add up to, each counted once by its id.

    A configured fleet's totals are there from the beginning, at 0: Prometheus' `increase` does not see the step from
    absent to 1.
    """

    def __init__(self) -> None:
        self._counted: set[str] = set()
        self._closed: Counter[tuple[str, str, str]] = Counter()
        self._rules: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._durations: dict[tuple[str, str], Counter[float]] = {}
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)

    def add(self, view: View) -> None:
        """Count what is closed and new."""
        for fleet, policy in view.policies.items():
            for outcome in Outcome:
                self._closed.update({(fleet, outcome.value, cause.value): 0 for cause in Cause})
                self._durations.setdefault((fleet, outcome.value), Counter())
            self._rules.update({(fleet, condition.name): 0 for condition in policy.conditions})
        for replacement in view.replacements:
            if not replacement.open and replacement.id not in self._counted:
                self._counted.add(replacement.id)
                self._count(replacement)

    def _count(self, replacement: Replacement) -> None:
        outcome, fleet = str(replacement.outcome), replacement.fleet
        self._closed[fleet, outcome, str(replacement.facts.get("verdict", ""))] += 1
        self._rules.update((fleet, rule) for rule in replacement.causes)
        if replacement.outcome is Outcome.FAILED:
            self._failures[fleet, replacement.error_type or UNNAMED] += 1
        if replacement.closed_at is not None:
            seconds = (replacement.closed_at - replacement.accepted_at).total_seconds()
            fits = next((bound for bound in BUCKETS if seconds <= bound), float("inf"))
            self._durations.setdefault((fleet, outcome), Counter())[fits] += 1
            self._seconds[fleet, outcome] += seconds

    def collect(self) -> Iterator[Metric]:
        """The totals and the histogram."""
        closed, rules = catalogue.REPLACEMENTS.counter(), catalogue.REPLACED_FOR.counter()
        failures, durations = catalogue.FAILURES.counter(), catalogue.DURATION.histogram()
        for labels, count in sorted(self._closed.items()):
            closed.add_metric(labels, count)
        for pair, count in sorted(self._rules.items()):
            rules.add_metric(pair, count)
        for pair, count in sorted(self._failures.items()):
            failures.add_metric(pair, count)
        for pair, counts in sorted(self._durations.items()):
            durations.add_metric(pair, _cumulative(counts), self._seconds[pair])
        yield from (closed, rules, failures, durations)


def open_metrics(view: View) -> Iterator[Metric]:
    """How many are open in each phase, how many a hold stops, and how long the oldest has been under way."""
    flying, held, ages = catalogue.IN_FLIGHT.gauge(), catalogue.HELD.gauge(), catalogue.OPEN_AGE.gauge()
    opened = [item for item in view.replacements if item.open]
    phases = Counter((item.fleet, item.phase) for item in opened)
    for fleet in sorted(view.policies.keys() | {item.fleet for item in opened}):
        ours = [item for item in opened if item.fleet == fleet]
        for phase in Phase:
            if phase is not Phase.CLOSED:
                flying.add_metric([fleet, phase.value], phases[fleet, phase])
        held.add_metric([fleet], sum(item.paused_at is not None for item in ours))
        ages.add_metric([fleet], max((_under_way_seconds(item, view) for item in ours), default=0.0))
    yield from (flying, held, ages)


def _under_way_seconds(item: Replacement, view: View) -> float:
    """Since acceptance, without the time in which holds stopped it: deadlines do not run then either."""
    return max(0.0, view.age_seconds(item.accepted_at) - item.total_paused_seconds - view.age_seconds(item.paused_at))


def _cumulative(counts: Counter[float]) -> list[tuple[str, float]]:
    """Prometheus' buckets: how many took at most so long."""
    total, buckets = 0, []
    for bound in (*BUCKETS, float("inf")):
        total += counts[bound]
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return buckets
