"""From the journal's present state to metric families. Nothing is counted as it happens: the journal has it all."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from controller.record import catalogue
from controller.record.delivery import Counts
from controller.record.fleet_metrics import fleet_metrics
from controller.record.replacement_metrics import Totals, open_metrics
from controller.record.view import View


class Projection(Collector):
    """Turns the newest view into metrics."""

    def __init__(self, version: str, delivery: Counts) -> None:
        self._version = version
        self._delivery = delivery
        self._view = View()
        self._totals = Totals()
        self._looked_at: dict[str, datetime] = {}

    def show(self, view: View) -> None:
        """From now on, this is the state of things."""
        self._view = view
        self._totals.add(view)

    def looked(self, fleet: str, at: datetime) -> None:
        """This daemon looked at the fleet, whether that could be journaled or not."""
        self._looked_at[fleet] = at

    def describe(self) -> Iterator[Metric]:
        """Nothing to declare: names are unique by construction, and collecting needs a view."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every family, with what is known."""
        info = catalogue.BUILD.gauge()
        info.add_metric([self._version], 1)
        yield info
        yield from fleet_metrics(self._view, self._looked_at)
        yield from open_metrics(self._view)
        yield from self._totals.collect()
        yield from self._spans()

    def _spans(self) -> Iterator[Metric]:
        waiting, oldest = catalogue.OUTBOX.gauge(), catalogue.OUTBOX_AGE.gauge()
        waiting.add_metric([], self._view.outbox_pending)
        oldest.add_metric([], self._view.age_seconds(self._view.outbox_oldest_at))
        yield from (waiting, oldest)
        for described, count in (
            (catalogue.DELIVERED, self._delivery.delivered),
            (catalogue.POISONED, self._delivery.poisoned),
            (catalogue.REJECTED, self._delivery.rejected),
            (catalogue.EXPIRED, self._delivery.expired),
            (catalogue.DELIVERY_FAILURES, self._delivery.failures),
        ):
            counter = described.counter()
            counter.add_metric([], count)
            yield counter
