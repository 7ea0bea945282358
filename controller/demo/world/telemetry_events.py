"""What can happen to the world's telemetry: a part of `/_world/events`."""

from typing import Literal

from pydantic import Field

from controller.demo.scenario import Model
from controller.demo.world.telemetry import SourceState, Telemetry


class SetMetric(Model):
    """A metric of one instance (without `instance`: a fleet's own) is otherwise from now on; what is not said stays."""

    kind: Literal["metric"]
    name: str
    instance: str | None = None
    dimensions: dict[str, str] | None = None
    value: float | None = None
    per_minute: float | None = None
    noise: float | None = None
    late_seconds: float | None = None
    silent: bool | None = None


class WriteLines(Model):
    """An instance writes so many lines into its stream of a log group, now; `silent` stops (or starts) all its lines.

    group: only that one; without it, every group that the instance writes to.
    """

    kind: Literal["lines"]
    instance: str
    group: str | None = None
    count: int = Field(default=0, ge=0, le=10_000)
    message: str = ""
    silent: bool | None = None


class SetSource(Model):
    """A whole source of telemetry answers otherwise from now on; `complete` takes it back."""

    kind: Literal["telemetry"]
    source: Literal["metrics", "logs"]
    state: SourceState


TelemetryEvent = SetMetric | WriteLines | SetSource


def change_telemetry(telemetry: Telemetry, event: TelemetryEvent) -> None:
    """Let it happen. Raises ValueError when there is nothing of that name."""
    match event:
        case SetMetric():
            changes = event.model_dump(exclude={"kind", "name", "instance", "dimensions"}, exclude_none=True)
            if not telemetry.change_metric(event.instance, event.name, event.dimensions, changes):
                raise ValueError(f"{event.instance or 'no fleet'} emits no metric {event.name}")
        case WriteLines():
            if not telemetry.write_lines(event.instance, event.group, event.count, event.message, event.silent):
                raise ValueError(f"{event.instance} writes no lines to {event.group or 'any log group'}")
        case SetSource():
            telemetry.states[event.source] = event.state
