"""What `/metrics` says, in Prometheus' text. Nearly all of it is projected from the journal, so that a restart sets no
total back to zero.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from controller.domain.laps import Lap
from controller.record.delivery import Counts
from controller.record.projection import Projection, View

__all__ = ["Metrics", "View"]

TICK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PROBE = "probe"
OK = "ok"


class Metrics:
    """The metrics of one daemon, in a registry of their own.

    version: of the daemon. delivery: the counts that its delivery keeps; they begin at zero with the daemon.
    """

    def __init__(self, version: str, delivery: Counts) -> None:
        self._registry = CollectorRegistry()
        self._projection = Projection(version, delivery)
        self._registry.register(self._projection)
        self._ticks = Histogram(
            "repave_tick_duration_seconds",
            "How long one look at a fleet took.",
            ["fleet"],
            buckets=TICK_BUCKETS,
            registry=self._registry,
        )

        self._outcomes = Counter(
            "repave_ticks", "Looks by how they came out.", ["fleet", "outcome"], registry=self._registry
        )
        self._calls = Histogram(
            "repave_api_call_duration_seconds",
            "How long calls to others' APIs took, each try for itself; outcome is `ok` or the error's code.",
            ["call", "outcome"],
            buckets=CALL_BUCKETS,
            registry=self._registry,
        )
        self._probes = Histogram(
            "repave_probe_duration_seconds",
            "How long it took to read one rule's telemetry for a fleet; outcome is `ok` or the error's code.",
            ["fleet", "rule", "outcome"],
            buckets=CALL_BUCKETS,
            registry=self._registry,
        )

        self._config = Gauge(
            "repave_config_info", "The configuration in force; always 1.", ["hash"], registry=self._registry
        )
        self._config_loaded = Gauge(
            "repave_config_loaded_timestamp_seconds", "When it was taken.", registry=self._registry
        )
        self._config_good = Gauge(
            "repave_config_last_reload_successful", "0 while a newer one is refused.", registry=self._registry
        )

    def ticked(self, fleet: str, seconds: float) -> None:
        """A look at this fleet took so long."""
        self._ticks.labels(fleet).observe(seconds)

    def came_out(self, fleet: str, outcome: str) -> None:
        """A look at this fleet came out so."""
        self._outcomes.labels(fleet, outcome).inc()

    def lapped(self, fleet: str, lap: Lap) -> None:
        """A call or a probe has ended."""
        if lap.is_call:
            self._calls.labels(lap.name, lap.error or OK).observe(lap.seconds)
        elif lap.name == PROBE:
            self._probes.labels(fleet, lap.facts.get("rule", ""), lap.error or OK).observe(lap.seconds)

    def configured(self, config_hash: str, loaded_at: datetime, *, good: bool) -> None:
        """Which configuration is in force since when, and whether the newest was taken."""
        self._config.clear()
        self._config.labels(config_hash).set(1)
        self._config_loaded.set(loaded_at.timestamp())
        self._config_good.set(int(good))

    def show(self, view: View) -> None:
        """From now on, this is the state of things."""
        self._projection.show(view)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)
