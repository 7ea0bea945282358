"""The present state as custom events of New Relic's agent, taken from the same metrics that `/metrics` tells: one
`RepaveFleet` for each fleet, one `RepaveDaemon` for the daemon.

An attribute is called like its metric without `repave_` and `fleet_`; where the metric has one more label, its value
follows after a dot: `repave_fleet_instances{verdict="blind"}` is `instances.blind`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import Metric

from controller.record import catalogue
from controller.record.catalogue import TOTAL, Described
from controller.record.newrelic import Value

FLEET_EVENT, DAEMON_EVENT = "RepaveFleet", "RepaveDaemon"

OF_FLEETS = (
    catalogue.INSTANCES,
    catalogue.STOPPED,
    catalogue.BREAKERS,
    catalogue.BLIND_LIMIT,
    catalogue.OLDEST_INSTANCE,
    catalogue.MEDIAN_INSTANCE,
    catalogue.OLDEST_IMAGE,
    catalogue.MEDIAN_IMAGE,
    catalogue.BUDGET_USED,
    catalogue.BUDGET_LIMIT,
    catalogue.TICK_INTERVAL,
    catalogue.LEASE,
    catalogue.HELD,
    catalogue.OPEN_AGE,
)
OF_DAEMONS = (
    catalogue.CONFIG_GOOD,
    catalogue.JOURNAL_UP,
    catalogue.OUTBOX,
    catalogue.OUTBOX_AGE,
    catalogue.POISONED,
    catalogue.REJECTED,
    catalogue.SHARED_USED,
    catalogue.SHARED_LIMIT,
)

SINCE_LOOK = "since_look_seconds"
"""How long ago the fleet was last looked at. NRQL cannot take a time from now."""

EVERYBODY = "instances.all"
"""How many instances there are, whatever their verdict."""

BLIND_RATIO = "blind_ratio"
"""The share of them that is blind; absent where there are none."""

State = tuple[str, Mapping[str, Value]]


def attribute_of(described: Described) -> str:
    """What an attribute is called, or begins with."""
    return described.name.removeprefix("repave_").removeprefix("fleet_")


def states(families: Iterable[Metric], now: datetime, daemon: str) -> Iterator[State]:
    """The events: their kind and their attributes. families: of a registry. daemon: who says so."""
    fleets: dict[str, dict[str, Value]] = defaultdict(dict)
    ours: dict[str, Value] = {"daemon": daemon}
    wanted = {item.name.removesuffix(TOTAL): item for item in (*OF_FLEETS, *OF_DAEMONS)}
    for family in families:
        described = wanted.get(family.name)
        for sample in family.samples:
            fleet = sample.labels.get("fleet")
            if family.name == catalogue.FLEET.name:
                fleets[sample.labels["fleet"]].update({**sample.labels, "daemon": daemon})
            elif family.name == catalogue.LAST_LOOK.name:
                fleets[sample.labels["fleet"]][SINCE_LOOK] = max(0.0, now.timestamp() - sample.value)
            elif described is not None and sample.name == described.name:
                more = [text for label, text in sample.labels.items() if label != "fleet"]
                facts = ours if fleet is None else fleets[fleet]
                facts[".".join((attribute_of(described), *more))] = sample.value
    for _, facts in sorted(fleets.items()):
        yield FLEET_EVENT, facts | _shares(facts)
    yield DAEMON_EVENT, ours


def _shares(facts: Mapping[str, Value]) -> dict[str, Value]:
    counts = [float(facts[name]) for name in facts if name.startswith(f"{attribute_of(catalogue.INSTANCES)}.")]
    everybody = sum(counts)
    blind = {BLIND_RATIO: float(facts["instances.blind"]) / everybody} if everybody else {}
    return {EVERYBODY: everybody, **blind}
