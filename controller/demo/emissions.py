"""What the instances of a world tell of themselves, as data: metrics and log lines.

A group says what a healthy member emits, an image what its instances emit instead, and a member what it alone does.
Values are functions of the world's time, so that nothing has to be stored and frozen time stands still here too.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class Emission(BaseModel):
    """A frozen part of a scenario; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MetricSpec(Emission):
    """A metric of one instance (or, in `fleet_metrics`, of a fleet).

    dimensions: beside InstanceId. value, per_minute: at the beginning, and what is added since then; a seeded member's
    beginning is the world's, a newcomer's its birth. starts_after_seconds: after which the adding begins.
    lowest, highest: where it ends. noise: how far samples lie apart, at most, to both sides.
    every_seconds: between two samples. late_seconds: until a sample can be read. silent: no samples at all.
    """

    namespace: str = "CWAgent"
    name: str
    dimensions: dict[str, str] = Field(default_factory=dict)
    value: float
    per_minute: float = 0.0
    starts_after_seconds: float = Field(default=0.0, ge=0)
    lowest: float | None = None
    highest: float | None = None
    noise: float = Field(default=0.0, ge=0)
    every_seconds: float = Field(default=60.0, gt=0)
    late_seconds: float = Field(default=0.0, ge=0)
    silent: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another metric."""
        return (self.namespace, self.name, frozenset(self.dimensions.items()))


class LogSpec(Emission):
    """Lines of one kind in one log stream.

    stream: `{instance}` stands for the id. lines_per_minute: evenly, since `starts_after_seconds` (a member that is
    older than the world: always, when that is 0).
    """

    group: str
    stream: str = "{instance}"
    message: str
    lines_per_minute: float = Field(default=6.0, gt=0)
    starts_after_seconds: float = Field(default=0.0, ge=0)
    silent: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another kind of line."""
        return (self.group, self.stream, self.message)


class Emits(Emission):
    """Everything that somebody emits."""

    metrics: tuple[MetricSpec, ...] = ()
    logs: tuple[LogSpec, ...] = ()

    def but(self, other: Self) -> Self:
        """This, with what the other says instead."""
        metrics = {one.key: one for one in (*self.metrics, *other.metrics)}
        logs = {one.key: one for one in (*self.logs, *other.logs)}
        return self.model_copy(update={"metrics": tuple(metrics.values()), "logs": tuple(logs.values())})
