"""What can happen to the world's telemetry: a part of `/_world/events`."""

from typing import Literal

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


class SetSource(Model):
    """A whole source of telemetry answers otherwise from now on; `complete` takes it back."""

    kind: Literal["telemetry"]
    source: Literal["metrics"]
    state: SourceState


TelemetryEvent = SetMetric | SetSource


def change_telemetry(telemetry: Telemetry, event: TelemetryEvent) -> None:
    """Let it happen. Raises ValueError when there is nothing of that name."""
    match event:
        case SetMetric():
            changes = event.model_dump(exclude={"kind", "name", "instance", "dimensions"}, exclude_none=True)
            if not telemetry.change_metric(event.instance, event.name, event.dimensions, changes):
                raise ValueError(f"{event.instance or 'no fleet'} emits no metric {event.name}")
        case SetSource():
            telemetry.states[event.source] = event.state
