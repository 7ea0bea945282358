"""Every metric of `/metrics`, declared once: what counts, what draws docs/metrics.md, and what checks the dashboards
all read this list. Names follow Prometheus' own rules (base units, `_total` for counters, `_info` for what is always
1): https://prometheus.io/docs/practices/naming/

A label is a name out of the configuration (fleet, rule) or a word out of a short list. No instance and no replacement
is ever a label: there are too many of them, and traces have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

TOTAL = "_total"


class Kind(StrEnum):
    """Prometheus' word for what a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Origin(StrEnum):
    """Where a metric's value is from, and so what a restart and a second daemon do to it."""

    JOURNAL = "journal"
    """Of the whole installation: every daemon says the same, and a restart changes nothing."""
    DAEMON = "daemon"
    """Of one daemon alone; counters begin at zero with it."""


@dataclass(frozen=True, slots=True)
class Described:
    """One metric. name: as it is scraped, so that a counter ends in `_total`. meaning: one sentence."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    origin: Origin = Origin.JOURNAL

    @property
    def unit(self) -> str:
        """What a value is counted in."""
        bare = self.name.removesuffix(TOTAL)
        if bare.endswith("_timestamp_seconds"):
            return "seconds since 1970"
        if bare.endswith("_seconds"):
            return "seconds"
        if bare.endswith("_ratio"):
            return "ratio, 0 to 1"
        return "1" if bare.endswith("_info") else "count"

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query may ask for."""
        ends = ("_bucket", "_sum", "_count") if self.kind is Kind.HISTOGRAM else ("",)
        return tuple(f"{self.name}{end}" for end in ends)

    def gauge(self) -> GaugeMetricFamily:
        """An empty family, for values that are projected at each scrape."""
        return GaugeMetricFamily(self.name, self.meaning, labels=self.labels)

    def counter(self) -> CounterMetricFamily:
        """The same for a counter."""
        return CounterMetricFamily(self.name, self.meaning, labels=self.labels)

    def histogram(self) -> HistogramMetricFamily:
        """The same for a histogram."""
        return HistogramMetricFamily(self.name, self.meaning, labels=self.labels)

    def counted_in(self, registry: CollectorRegistry) -> Counter:
        """A counter that is counted as things happen."""
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def kept_in(self, registry: CollectorRegistry) -> Gauge:
        """A gauge that is set as things happen."""
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def measured_in(self, registry: CollectorRegistry, buckets: Sequence[float]) -> Histogram:
        """A histogram that is filled as things happen."""
        return Histogram(self.name, self.meaning, self.labels, buckets=buckets, registry=registry)


def _gauge(name: str, meaning: str, *labels: str, origin: Origin = Origin.JOURNAL) -> Described:
    return Described(name, Kind.GAUGE, meaning, labels, origin)


def _counter(name: str, meaning: str, *labels: str, origin: Origin = Origin.JOURNAL) -> Described:
    return Described(name, Kind.COUNTER, meaning, labels, origin)


def _histogram(name: str, meaning: str, *labels: str, origin: Origin = Origin.JOURNAL) -> Described:
    return Described(name, Kind.HISTOGRAM, meaning, labels, origin)


# --- fleets, as their newest look saw them ---------------------------------------------------------------------------

FLEET = _gauge("repave_fleet_info", "A configured fleet; always 1.", "fleet", "platform", "mode")
INSTANCES = _gauge("repave_fleet_instances", "Instances by verdict.", "fleet", "verdict")
HOLDS = _gauge(
    "repave_fleet_holds", "Candidates that wait, by the rule that says no; one may wait for several.", "fleet", "rule"
)
STOPPED = _gauge(
    "repave_fleet_stopped", "1 while this rule stops the whole fleet, or a breaker one of its causes.", "fleet", "rule"
)
BREAKERS = _gauge("repave_fleet_breakers_open", "Causes that are not replaced for, by evidence.", "fleet")
BLIND_LIMIT = _gauge(
    "repave_fleet_blind_limit_ratio", "The share of blind instances beyond which a fleet stops.", "fleet"
)
OLDEST_INSTANCE = _gauge("repave_fleet_oldest_instance_age_seconds", "Age of the oldest instance.", "fleet")
MEDIAN_INSTANCE = _gauge("repave_fleet_median_instance_age_seconds", "Median age of the instances.", "fleet")
OLDEST_IMAGE = _gauge(
    "repave_fleet_oldest_image_age_seconds", "Age of the oldest image that an instance runs.", "fleet"
)
MEDIAN_IMAGE = _gauge("repave_fleet_median_image_age_seconds", "Median age of the instances' images.", "fleet")
BUDGET_USED = _gauge("repave_fleet_budget_used", "How much of a limit is used.", "fleet", "limit")
BUDGET_LIMIT = _gauge("repave_fleet_budget_limit", "How much a limit allows.", "fleet", "limit")
SHARED_USED = _gauge("repave_budget_used", "How much of a limit over all fleets is used.", "limit")
SHARED_LIMIT = _gauge("repave_budget_limit", "How much a limit over all fleets allows.", "limit")
LAST_TICK = _gauge("repave_last_tick_timestamp_seconds", "When a look at the fleet was last journaled.", "fleet")
LAST_LOOK = _gauge(
    "repave_last_look_timestamp_seconds",
    "When the fleet was last looked at: the newest look in the journal, or of this daemon.",
    "fleet",
)
TICK_INTERVAL = _gauge("repave_fleet_tick_interval_seconds", "How often the fleet wants to be looked at.", "fleet")
LEASE = _gauge("repave_lease_held", "1 where this daemon may act.", "fleet", origin=Origin.DAEMON)

# --- replacements ----------------------------------------------------------------------------------------------------

IN_FLIGHT = _gauge("repave_replacements_in_flight", "Open replacements by phase.", "fleet", "phase")
HELD = _gauge("repave_replacements_held", "Open replacements that a hold stops.", "fleet")
OPEN_AGE = _gauge(
    "repave_replacement_open_age_seconds",
    "How long the oldest open replacement has been under way, holds left out; 0 where none is open.",
    "fleet",
)
REPLACEMENTS = _counter(
    "repave_replacements_total", "Closed replacements that the journal knows of.", "fleet", "outcome", "cause"
)
REPLACED_FOR = _counter(
    "repave_replacement_rules_total",
    "Closed replacements by the rule that condemned the predecessor; one that several condemned counts for each.",
    "fleet",
    "rule",
)
FAILURES = _counter(
    "repave_replacement_failures_total", "Replacements that failed, by the reason in one word.", "fleet", "reason"
)
DURATION = _histogram("repave_replacement_duration_seconds", "From acceptance to the end.", "fleet", "outcome")

# --- traces on their way out -----------------------------------------------------------------------------------------

OUTBOX = _gauge("repave_outbox_pending", "Spans that wait to be delivered.")
OUTBOX_AGE = _gauge("repave_outbox_oldest_age_seconds", "How long the oldest of them has waited; 0 where none waits.")
DELIVERED = _counter("repave_spans_delivered_total", "Spans that a backend took.", origin=Origin.DAEMON)
POISONED = _counter("repave_spans_poisoned_total", "Spans that a backend refused for good.", origin=Origin.DAEMON)
REJECTED = _counter(
    "repave_spans_rejected_total", "Spans that a backend took and said it dropped.", origin=Origin.DAEMON
)
EXPIRED = _counter("repave_spans_expired_total", "Spans older than an hour when delivered.", origin=Origin.DAEMON)
DELIVERY_FAILURES = _counter(
    "repave_delivery_failures_total", "Requests that had to be tried again.", origin=Origin.DAEMON
)

# --- the daemon itself -----------------------------------------------------------------------------------------------

BUILD = _gauge("repave_build_info", "The running version; always 1.", "version", origin=Origin.DAEMON)
CONFIG = _gauge(
    "repave_config_info",
    "The configuration in force; always 1. version: what S3 or SSM calls it, empty for a file.",
    "hash",
    "version",
    origin=Origin.DAEMON,
)
CONFIG_LOADED = _gauge(
    "repave_config_loaded_timestamp_seconds", "When the configuration in force was taken.", origin=Origin.DAEMON
)
CONFIG_GOOD = _gauge(
    "repave_config_last_reload_successful", "0 while a newer configuration is refused.", origin=Origin.DAEMON
)
JOURNAL_UP = _gauge(
    "repave_journal_up", "0 while the journal cannot be reached, and fleets are only watched.", origin=Origin.DAEMON
)
TICKS = _counter("repave_ticks_total", "Looks by how they came out.", "fleet", "outcome", origin=Origin.DAEMON)
TICK_DURATION = _histogram(
    "repave_tick_duration_seconds", "How long one look at a fleet took.", "fleet", origin=Origin.DAEMON
)
CALL_DURATION = _histogram(
    "repave_api_call_duration_seconds",
    "How long calls to others' APIs took, each try for itself; outcome is `ok` or the error's code.",
    "call",
    "outcome",
    origin=Origin.DAEMON,
)
PROBE_DURATION = _histogram(
    "repave_probe_duration_seconds",
    "How long it took to read one rule's telemetry for a fleet; outcome is `ok` or the error's code.",
    "fleet",
    "rule",
    "outcome",
    origin=Origin.DAEMON,
)

CATALOGUE = tuple(item for item in list(globals().values()) if isinstance(item, Described))
"""All of them, in the order in which they stand here."""
