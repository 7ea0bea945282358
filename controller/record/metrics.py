"""What `/metrics` says, in Prometheus' text. Nearly all of it is projected from the journal, so that a restart sets no
total back to zero.
"""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from controller.record.delivery import Counts
from controller.record.projection import Projection, View

__all__ = ["Metrics", "View"]

TICK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


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

    def ticked(self, fleet: str, seconds: float) -> None:
        """A look at this fleet took so long."""
        self._ticks.labels(fleet).observe(seconds)

    def show(self, view: View) -> None:
        """From now on, this is the state of things."""
        self._projection.show(view)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)
