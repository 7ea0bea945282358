"""What `/metrics` says, in Prometheus' text. Nearly all of it is projected from the journal, so that a restart sets no
total back to zero. What there is stands in `catalogue`.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from controller.domain.laps import Lap
from controller.record import catalogue
from controller.record.delivery import Counts
from controller.record.projection import Projection
from controller.record.view import View

__all__ = ["Metrics", "View"]

TICK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PROBE = "probe"
OK = "ok"
LOOKED = "looked"


class Metrics:
    """The metrics of one daemon, in a registry of their own.

    version: of the daemon. delivery: the counts that its delivery keeps; they begin at zero with the daemon.
    """

    def __init__(self, version: str, delivery: Counts) -> None:
        self._registry = registry = CollectorRegistry()
        self._projection = Projection(version, delivery)
        registry.register(self._projection)
        self._ticks = catalogue.TICK_DURATION.measured_in(registry, TICK_BUCKETS)
        self._outcomes = catalogue.TICKS.counted_in(registry)
        self._calls = catalogue.CALL_DURATION.measured_in(registry, CALL_BUCKETS)
        self._probes = catalogue.PROBE_DURATION.measured_in(registry, CALL_BUCKETS)
        self._config = catalogue.CONFIG.kept_in(registry)
        self._config_loaded = catalogue.CONFIG_LOADED.kept_in(registry)
        self._config_good = catalogue.CONFIG_GOOD.kept_in(registry)
        self._journal_up = catalogue.JOURNAL_UP.kept_in(registry)

    def ticked(self, fleet: str, seconds: float) -> None:
        """A look at this fleet took so long."""
        self._ticks.labels(fleet).observe(seconds)

    def came_out(self, fleet: str, outcome: str, at: datetime) -> None:
        """A look at this fleet came out so."""
        self._outcomes.labels(fleet, outcome).inc()
        if outcome == LOOKED:
            self._projection.looked(fleet, at)

    def lapped(self, fleet: str, lap: Lap) -> None:
        """A call or a probe has ended."""
        if lap.is_call:
            self._calls.labels(lap.name, lap.error or OK).observe(lap.seconds)
        elif lap.name == PROBE:
            self._probes.labels(fleet, lap.facts.get("rule", ""), lap.error or OK).observe(lap.seconds)

    def configured(self, config_hash: str, version: str, loaded_at: datetime, *, good: bool) -> None:
        """Which configuration is in force since when, and whether the newest was taken."""
        self._config.clear()
        self._config.labels(config_hash, version).set(1)
        self._config_loaded.set(loaded_at.timestamp())
        self._config_good.set(int(good))

    def journal_is(self, *, up: bool) -> None:
        """Whether the journal could be read just now."""
        self._journal_up.set(int(up))

    def show(self, view: View) -> None:
        """From now on, this is the state of things."""
        self._projection.show(view)

    def families(self) -> tuple[Metric, ...]:
        """All metrics with their samples."""
        return tuple(self._registry.collect())

    def text(self) -> bytes:
        """All metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)
