"""What reads telemetry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from controller.domain.model import Instance, Inventory, Signal, Unknown
from controller.domain.policy import Condition, Threshold
from controller.domain.ports.system import Resources


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """One question for a whole fleet: the readings of one condition, `at` an instant.

    since: a moment from which on all readings are wanted, where that is earlier than the condition alone would ask for.
    """

    condition: Condition
    inventory: Inventory
    instances: tuple[Instance, ...]
    at: datetime
    since: datetime | None = None

    @property
    def span_seconds(self) -> float:
        """How far before `at` a source with history is read, beside its lag and a few periods."""
        asked = (self.at - self.since).total_seconds() if self.since else 0.0
        return max(self.condition.for_seconds, self.condition.within_seconds, asked)


class Probe(Protocol):
    """Reads one kind of telemetry for a whole fleet in one query."""

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """A Signal or an Unknown per instance id. An id that is left out counts as Unknown("no row").

        Raises PlatformError when the source as a whole could not be read.
        """


class FleetProbe(Probe, Protocol):
    """A probe that can also answer for a fleet as a whole, which no instance is asked about."""

    async def read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        """The one reading of the whole fleet. Raises PlatformError when the source could not be read."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A kind of telemetry source, shared by the probes that read it.

    name: the kind, and the key under `telemetry:` unless a source says its `kind`. options: the pydantic model (frozen)
    of what it is told.
    """

    name: str
    options: type[Any]
    summary: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a rule as a whole. key: of the rule, where to point at. message: a sentence."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What a file in `probes/` exports as PROBE.

    name: the key in the configuration. options: the pydantic model of its options (frozen). unit: of its values.
    threshold: what counts as a breach when the probe knows by itself; None where the operator must say.
    measures: of which options it reads numbers all the same, so that the operator must say; None: of none.
    history: whether the source keeps history; without it, `for` counts uninterrupted ticks.
    counts: whether one reading is a count over a span: its rules say `count` and `within`.
    build: makes the reader from the source's options (None without a source), the fleet's platform options and clients.
    source: the kind of telemetry source it reads; None where it reads none.
    fleet_level: whether its reader is a FleetProbe.
    check: what is wrong with a condition that no single option shows; None when it is good.
    lasting: whether what it finds cannot pass (somebody was in there): see Condition.
    unsure_seconds: for how long it may be unknown by its own nature, at the start or after a break, with nothing wrong.
    bare_hint: what `validate` says where a fleet names it by its word alone, and its options have to suit what runs.
    rhythm: how far apart the source's readings of a condition are, and how late they come, in seconds; None: unknown.
    """

    name: str
    options: type[Any]
    build: Callable[[object, object, Resources], Probe]
    summary: str
    threshold: Threshold | None = None
    measures: Callable[[Any], bool] | None = None
    unit: str = ""
    history: bool = False
    counts: bool = False
    source: SourceSpec | None = None
    fleet_level: bool = False
    check: Callable[[Condition], Flaw | None] | None = None
    rhythm: Callable[[Condition], tuple[float, float]] | None = None
    lasting: bool = False
    unsure_seconds: float = 0.0
    bare_hint: str = ""

    def own_threshold(self, options: object) -> Threshold | None:
        """What counts as a breach of a rule with these options; None where the rule has to say."""
        return None if self.measures is not None and self.measures(options) else self.threshold
